/** One's account and people, in a browser: without scripts, and by the keys where a form is sent. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { liveSite, startApi, type TestApi } from '../api/harness.ts';
import { person } from '../api/people.ts';
import { codeOf, PASSWORD, person as withPassword } from '../sign-in/people.ts';
import { NO_BROWSER, startBrowser, visitor } from './browser.ts';

let browser: Browser;
let api: TestApi;
before(async () => {
  if (NO_BROWSER) return;
  browser = await startBrowser();
  api = await startApi();
  await liveSite(api, 'alpha');
});
after(async () => {
  await browser?.close();
  await api?.close();
});

test('without scripts one invites, gives until a day, asks who can, and keeps somebody out', { skip: NO_BROWSER }, async () => {
  const [owner, ada] = [await person(api, 'Olga', [{ role: 'owner' }]), await person(api, 'Ada')];
  const { context, page } = await visitor(browser, api.url, owner, { javaScriptEnabled: false });
  await page.goto('/people');
  await page.getByRole('link', { name: 'Invite somebody' }).click();
  await page.getByLabel('E-mail').fill('grace@example.org');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'grace is invited' }).waitFor();
  const invitation = await page.locator('#link').innerText();
  assert.equal(await page.getByRole('button', { name: 'Copy' }).isVisible(), false, 'no button that does nothing');

  await page.goto(`/people/users/${ada.id}`);
  await page.getByLabel('Role').selectOption('editor');
  await page.getByLabel('On one site').fill('alpha');
  await page.getByLabel('Until').fill('2099-01-31T17:00');
  await page.getByRole('button', { name: 'Give it' }).click();
  await page.getByText('It is given, from now on.').waitFor();
  await page.getByRole('link', { name: 'What may they do, and why?' }).click();
  await page.getByLabel('On which site').fill('alpha');
  await page.getByLabel('Does what').selectOption('site:update');
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.getByText('Ada is editor of site alpha until 2099-01-31 17:00 UTC').waitFor();

  await page.goto(`/people/users/${ada.id}`);
  await page.getByRole('button', { name: 'Disable' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('They are kept out').waitFor();
  assert.equal((await ada.send('GET', '/me')).status, 401);

  const guest = await visitor(browser, api.url, null, { javaScriptEnabled: false });
  await guest.page.goto(invitation);
  await guest.page.getByLabel('Password').fill(PASSWORD);
  await guest.page.getByRole('button', { name: 'Come in' }).click();
  await guest.page.goto('/account');
  await guest.page.getByText('Nothing was given to you yet').waitFor();
  await Promise.all([context.close(), guest.context.close()]);
});

test('one-time codes and a token, from one’s account; the next sign-in asks for a code', { skip: NO_BROWSER }, async () => {
  const eve = await withPassword(api, 'eve', { role: 'viewer' });
  const { context, page, complaints } = await visitor(browser, api.url);
  const signIn = async () => {
    await page.goto('/sign-in?next=/account/codes');
    await page.getByLabel('E-mail').fill(eve.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn();
  await page.getByLabel('Your password, once more').fill(PASSWORD);
  await page.getByRole('button', { name: 'Begin' }).click();
  const picture = page.getByRole('img', { name: /QR code/ });
  await picture.waitFor();
  assert.ok(await picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 50), 'the policy lets it be seen');
  const secret = (await page.locator('#secret').innerText()).replace(/\s/g, '');
  await page.getByLabel('The code that it shows now').fill(codeOf({ secret }));
  await page.keyboard.press('Enter');
  await page.getByText('Keep these recovery codes').waitFor();
  const [recovery] = (await page.locator('#codes').innerText()).split('\n');

  await page.goto('/account/tokens/new');
  await page.getByLabel('What it is for').fill('laptop');
  await page.getByText('Only some actions of the role').click();
  await page.getByRole('group', { name: 'Site', exact: true }).getByLabel('Read').check();
  await page.getByRole('button', { name: 'Make it' }).click();
  const token = await page.locator('#token').innerText();
  assert.deepEqual([(await api.send('GET', '/sites', { token })).status, (await api.send('GET', '/runs', { token })).status], [200, 403]);

  await page.locator('main').getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await signIn();
  await page.getByLabel('Code').fill(recovery!);
  await page.keyboard.press('Enter');
  await page.getByText('9 left').waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
