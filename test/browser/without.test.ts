/** Without a mouse, and without scripts. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { liveSite, startApi, type TestApi } from '../api/harness.ts';
import { person, type TestPerson } from '../api/people.ts';
import { PASSWORD, person as withPassword } from '../sign-in/people.ts';
import { NO_BROWSER, startBrowser, visitor } from './browser.ts';

let browser: Browser;
let api: TestApi;
let root: TestPerson;
before(async () => {
  if (NO_BROWSER) return;
  browser = await startBrowser();
  api = await startApi();
  root = await person(api, 'Root', [{ role: 'owner' }]);
  await liveSite(api, 'alpha');
});
after(async () => {
  await browser?.close();
  await api?.close();
});

/** More than there are stops on any of these pages. */
const MOST_STOPS = 80;

/** What the keyboard is on: its words, and whether one sees that. */
const at = (page: Page) => page.evaluate(`(() => {
  const on = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(on);
  const box = on.getBoundingClientRect();
  const label = on.labels?.[0]?.innerText ?? on.getAttribute('aria-label') ?? on.innerText ?? '';
  return { tag: on.tagName, words: label.trim(), isMarked: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, isSeen: box.width > 0 && box.bottom > 0 && box.top < innerHeight };
})()`) as Promise<{ tag: string; words: string; isMarked: boolean; isSeen: boolean }>;

/** Press Tab until the keyboard is there; every stop on the way is seen, and marked. */
async function tabTo(page: Page, words: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    await page.keyboard.press('Tab');
    const stop = await at(page);
    assert.ok(stop.tag === 'BODY' || (stop.isMarked && stop.isSeen), JSON.stringify(stop));
    if (words.test(stop.words)) return;
    passed.push(stop.words);
  }
  assert.fail(`${words} is not reached by Tab: ${passed.join(' | ')}`);
}

test('a site is created and a hostname bound with the keyboard alone; where it is, is always seen', { skip: NO_BROWSER }, async () => {
  const { context, page, complaints } = await visitor(browser, api.url, root);
  await page.goto('/');
  await page.keyboard.press('Tab');
  assert.match((await at(page)).words, /^Skip to the contents$/);
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  await page.goto('/');
  await tabTo(page, /^Sites$/);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/sites');
  await tabTo(page, /^Create a site$/);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/sites/new');
  assert.match((await at(page)).words, /^Name/, 'its first field has the focus');
  await page.keyboard.type('by-hand');
  await tabTo(page, /^Create the site$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/runs\/w/);
  assert.equal((await api.send('GET', '/sites/by-hand')).status, 200);

  await page.goto('/sites/alpha');
  await tabTo(page, /^Bind a hostname$/);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/hostnames/new');
  await page.keyboard.type('www.alpha-toys.org');
  await tabTo(page, /^Role/);
  await page.keyboard.press('ArrowDown');
  await tabTo(page, /^Bind it$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/runs\/w/);
  assert.equal((await api.send('GET', '/hostnames/www.alpha-toys.org')).body.role, 'primary');
  await context.close();
  assert.deepEqual(complaints.filter((each) => !each.includes('Failed to load resource')), []);
});

test('the key that finds finds; a menu opens and closes by keyboard, on a phone too', { skip: NO_BROWSER }, async () => {
  const { context, page } = await visitor(browser, api.url, root);
  await page.goto('/runs');
  await page.keyboard.press('/');
  await page.keyboard.type('alph');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sites\?q=alph/);
  await page.setViewportSize({ width: 390, height: 800 });
  assert.equal(await page.getByRole('link', { name: 'Runs' }).isVisible(), false);
  await page.getByRole('button', { name: 'Menu' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Runs' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Runs' }).waitFor({ state: 'hidden' });
  for (const path of ['/people/tokens', '/people/who-can', '/sites/alpha/actions']) {
    await page.goto(path);
    const { x, width } = (await page.locator('.tabs [aria-current]').boundingBox())!;
    assert.ok(x >= 0 && x + width <= 390, `${path}: the tab that is shown is in sight, at ${x}`);
  }
  await context.close();
});

test('without scripts one signs in, creates, finds, binds, changes and deletes', { skip: NO_BROWSER }, async () => {
  const owner = await withPassword(api, 'plain', { role: 'owner' });
  const { context, page } = await visitor(browser, api.url, null, { javaScriptEnabled: false });
  await page.goto('/sites');
  await page.getByLabel('E-mail').fill(owner.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/sites');

  await page.getByRole('link', { name: 'Create a site' }).click();
  await page.getByLabel('Name', { exact: true }).fill('plain-site');
  await page.getByRole('button', { name: 'Create the site' }).click();
  await page.getByRole('heading', { name: 'Create site: plain-site' }).waitFor();
  await page.getByText('Create database').waitFor();

  await page.getByRole('link', { name: 'Sites', exact: true }).first().click();
  await page.getByPlaceholder('Name, hostname or id').fill('alph');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByRole('link', { name: 'alpha', exact: true }).click();
  await page.getByRole('link', { name: 'Bind a hostname' }).click();
  await page.getByLabel('Hostname').last().fill('www.alpha-books.org');
  await page.getByRole('button', { name: 'Bind it' }).click();
  await page.getByRole('heading', { name: /Bind hostname/ }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();

  await page.goto('/sites/alpha/settings');
  await page.getByLabel('Threads', { exact: false }).first().fill('6');
  await page.getByRole('button', { name: /^Save/ }).first().click();
  await page.waitForURL(/said=saved/);
  assert.equal((await api.send('GET', '/sites/alpha')).body.settings.threads, 6);

  const doomed = await liveSite(api, 'doomed');
  await page.goto(`/sites/${doomed}/actions/delete`);
  await page.getByLabel(/to confirm$/).fill('doomed');
  await page.locator('main').getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('heading', { name: /^Delete site/ }).waitFor();

  await page.getByRole('button', { name: 'Account: plain' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
  await context.close();
});
