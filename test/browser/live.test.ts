/** Pages and programs that listen, while the way to the platform is cut: nothing is missed, nothing comes twice. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { commitChange } from '../../src/database/change.ts';
import { liveSite, startApi, SYSTEM, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { until } from '../local/wait.ts';
import { startProxy, type Proxy as Way } from '../proxy.ts';
import { NO_BROWSER, startBrowser, visitor } from './browser.ts';

const SECONDS = 90;

let browser: Browser;
let api: TestApi;
let way: Way;
let root: TestPerson;
before(async () => {
  if (NO_BROWSER) return;
  browser = await startBrowser();
  api = await startApi();
  way = await startProxy(new URL(api.url).host);
  root = await person(api, 'Root', [{ role: 'owner' }]);
  await liveSite(api, 'alpha');
});
after(async () => {
  await browser?.close();
  await way?.cut();
  await api?.close();
});

const change = (n: number) => commitChange(api.database.pool, { actor: SYSTEM, type: 'test.changed', metadata: { n }, writes: [] });

test('a stream that was cut goes on where it was, by Last-Event-ID', { skip: NO_BROWSER }, async () => {
  const { context, page } = await visitor(browser, `http://${way.address}`, root);
  await page.goto('/account');
  await page.evaluate(`{
    globalThis.seen = [];
    globalThis.opened = 0;
    const source = new EventSource('/api/v1/stream');
    source.addEventListener('ready', () => { opened += 1; });
    source.addEventListener('event', ({ data }) => seen.push(JSON.parse(data).metadata.n));
  }`);
  const seen = () => page.evaluate('seen') as Promise<number[]>;
  await until('the stream is open', async () => await page.evaluate('opened') === 1, SECONDS);
  await change(1);
  await until('the first event', async () => (await seen()).includes(1), SECONDS);
  await way.cut();
  await Promise.all([change(2), change(3)]);
  await way.restore();
  await until('the stream is open again', async () => await page.evaluate('opened') === 2, SECONDS);
  await change(4);
  await until('the last event', async () => (await seen()).includes(4), SECONDS);
  assert.deepEqual((await seen()).sort(), [1, 2, 3, 4]);
  await context.close();
});

test('a page says that it is not live, and shows what happened meanwhile once it is again', { skip: NO_BROWSER }, async () => {
  const { context, page } = await visitor(browser, `http://${way.address}`, root);
  await page.goto('/sites');
  await page.getByRole('link', { name: 'alpha', exact: true }).waitFor();
  await liveSite(api, 'beta');
  await page.getByRole('link', { name: 'beta', exact: true }).waitFor();
  await way.cut();
  await page.getByText('Not live: reconnecting').waitFor();
  await liveSite(api, 'gamma');
  await way.restore();
  await page.getByRole('link', { name: 'gamma', exact: true }).waitFor();
  await page.getByText('Not live: reconnecting').waitFor({ state: 'hidden' });
  await context.close();
});

test('what is being typed stays while the page around it changes', { skip: NO_BROWSER }, async () => {
  const { context, page } = await visitor(browser, api.url, root);
  await page.goto('/sites');
  await page.getByPlaceholder('Name, hostname or id').fill('a');
  await page.waitForURL(/q=a/);
  await page.getByPlaceholder('Name, hostname or id').pressSequentially('lph');
  await liveSite(api, 'alphabet');
  await page.getByRole('link', { name: 'alphabet', exact: true }).waitFor();
  const find = page.getByPlaceholder('Name, hostname or id');
  assert.equal(await find.inputValue(), 'alph');
  assert.ok(await find.evaluate((field) => field.matches(':focus')), 'and keeps the focus');
  await context.close();
});

test('a list that is asked for again says so until it is there; a refusal is shown as the page that it is', { skip: NO_BROWSER }, async () => {
  const { context, page } = await visitor(browser, api.url, root);
  await page.goto('/sites');
  let release = () => {};
  const released = new Promise<void>((resolve) => { release = resolve; });
  await page.route('**/sites?q=*', async (route) => {
    await released;
    await route.continue();
  }, { times: 1 });
  await page.getByPlaceholder('Name, hostname or id').fill('gamma');
  const busy = page.locator('#list[aria-busy=true]');
  await busy.waitFor();
  assert.equal(await busy.evaluate(`getComputedStyle(document.querySelector('#list'), '::before').height`), '3px', 'and it is seen');
  release();
  await busy.waitFor({ state: 'detached' });
  assert.deepEqual(await page.locator('#list tbody th').allInnerTexts(), ['gamma']);
  await page.locator('main select[name=state]').evaluate((choice) => {
    const { options } = choice as unknown as { options: { value: string }[] };
    options[1]!.value = 'nothing';
  });
  await page.locator('main select[name=state]').selectOption({ index: 1 });
  await page.locator('.big-code').waitFor();
  await context.close();
});
