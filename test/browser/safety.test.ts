/** What other pages can make a browser do here, and what somebody can leave in a browser that another signs in from. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { PASSWORD, person as withPassword } from '../sign-in/people.ts';
import { NO_BROWSER, signIn, startBrowser, visitor } from './browser.ts';

let browser: Browser;
let api: TestApi;
let elsewhere: Server;
let root: TestPerson;
before(async () => {
  if (NO_BROWSER) return;
  browser = await startBrowser();
  api = await startApi();
  root = await person(api, 'Root', [{ role: 'owner' }]);
  // A page of somebody else's that sends a form of ours.
  elsewhere = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://elsewhere');
    response.setHeader('content-type', 'text/html');
    response.end(`<form method="post" action="${api.url}${searchParams.get('to')}"><input name="name" value="forged"><button>Send</button></form>`);
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  elsewhere?.close();
  elsewhere?.closeAllConnections();
  await browser?.close();
  await api?.close();
});

const sites = async () => (await api.send('GET', '/sites')).body.items.length as number;

test('a form on another page does nothing here: not from another site, nor from another port of this one', { skip: NO_BROWSER }, async () => {
  const { port } = elsewhere.address() as AddressInfo;
  const { context, page } = await visitor(browser, api.url, root);
  // Another site: the session’s cookie stays at home.
  await page.goto(`http://localhost:${port}/?to=/sites/new`);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.waitForURL(`${api.url}/**`);
  assert.equal(await sites(), 0);
  // The same one by a browser’s measure: the cookie comes along, the token does not.
  await page.goto(`http://127.0.0.1:${port}/?to=/sites/new`);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('did not come from a page of this session').waitFor();
  assert.equal(await sites(), 0);
  await context.close();
});

test('a form whose token was changed, or is another’s, is refused; as it was shown it works', { skip: NO_BROWSER }, async () => {
  const other = await person(api, 'Other', [{ role: 'owner' }]);
  const { context, page } = await visitor(browser, api.url, root);
  for (const token of ['', 'x'.repeat(43), other.csrf]) {
    await page.goto('/sites/new');
    await page.locator('main input[name=_csrf]').evaluate((field, value) => { (field as unknown as { value: string }).value = value; }, token);
    await page.getByLabel('Name', { exact: true }).fill('forged');
    await page.getByRole('button', { name: 'Create the site' }).click();
    await page.getByText('did not come from a page of this session').waitFor();
    assert.equal(await sites(), 0, token);
  }
  await page.goto('/sites/new');
  await page.getByLabel('Name', { exact: true }).fill('genuine');
  await page.getByRole('button', { name: 'Create the site' }).click();
  await page.waitForURL(/\/runs\//);
  assert.equal(await sites(), 1);
  await context.close();
});

test('a session that was planted is not that of whoever signs in', { skip: NO_BROWSER }, async () => {
  const thief = await person(api, 'Thief', []);
  const victim = await withPassword(api, 'victim', { role: 'owner' });
  const { context, page } = await visitor(browser, api.url);
  await page.goto('/sign-in?next=/sites');
  // While the page is open, somebody’s own session gets into the browser.
  await signIn(context, api.url, thief);
  await page.getByLabel('E-mail').fill(victim.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/sites');
  await page.getByRole('button', { name: 'Account: victim' }).waitFor();
  const cookie = (await context.cookies()).find(({ name }) => name === 'reeve_session')!;
  assert.notEqual(`reeve_session=${cookie.value}`, thief.cookie);
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Lax');
  const planted = await fetch(`${api.url}/sites`, { headers: { cookie: thief.cookie, accept: 'text/html' }, redirect: 'manual' });
  assert.equal(planted.status, 303, 'what was planted has ended');
  assert.match(planted.headers.get('location')!, /^\/sign-in/);
  await context.close();
});
