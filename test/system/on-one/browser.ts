/** A new platform, as its administrator meets it in a browser: from the link to a site that visitors see, and a colleague who looks after it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { NO_BROWSER, startBrowser, visitor } from '../../browser/browser.ts';
import { createSite, until, visit } from '../platform.ts';
import { platform, purgeSites } from './platform.ts';

const PASSWORD = 'paul the octopus';
const LONG = { timeout: 180_000 };

describe('a new platform, as its administrator meets it in a browser', () => {
  let browser: Browser;
  before(async () => {
    if (!NO_BROWSER) browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await purgeSites();
  });

  /** Its steps become green by themselves: the page is not loaded again. */
  async function watchRun(page: Page): Promise<void> {
    await page.waitForURL(/\/runs\/w/);
    await page.evaluate('globalThis.sameOne = true');
    await page.locator('#run, main').first().getByText('Completed', { exact: true }).first().waitFor(LONG);
    assert.equal(await page.evaluate('globalThis.sameOne'), true);
    assert.equal(await page.locator('.steps .good').count(), await page.locator('.steps li').count());
  }

  test('from the first link to a site with a hostname, and a colleague for it until Friday', { skip: NO_BROWSER, timeout: 15 * 60_000 }, async () => {
    const { api } = platform.access;
    const admin = await visitor(browser, api);
    const { page } = admin;
    // The address alone leads to where one becomes the owner; the link has the proof.
    await page.goto('/');
    await page.waitForURL(/\/first-owner/);
    await page.goto(/http:\S+\/first-owner\?ticket=\S+/.exec(platform.output())![0]);
    await page.getByLabel('E-mail').fill('ada@example.org');
    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Become the owner' }).click();
    await page.getByRole('button', { name: 'Account: Ada' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/\/sign-in/);
    await page.goto('/');
    await page.getByLabel('E-mail').fill('ada@example.org');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.locator('main').getByRole('button', { name: 'Sign in' }).click();

    await page.getByRole('link', { name: 'Create the first site' }).click();
    await page.getByLabel('Name', { exact: true }).fill('garden');
    await page.getByRole('button', { name: 'Create the site' }).click();
    await watchRun(page);
    assert.equal((await visit(platform, 'garden.localhost')).status, 200);

    await page.goto('/sites/garden');
    await page.getByRole('link', { name: 'Bind a hostname' }).click();
    await page.locator('main').getByLabel('Hostname', { exact: true }).fill('flowers.localhost');
    await page.getByRole('button', { name: 'Bind it' }).click();
    await watchRun(page);
    assert.equal((await visit(platform, 'flowers.localhost')).status, 200);

    await page.goto('/');
    await page.getByRole('heading', { level: 1, name: 'All is well.' }).waitFor(LONG);

    await createSite(platform, 'secret');
    await page.goto('/people/invite');
    await page.getByLabel('E-mail').fill('grace@example.org');
    await page.getByRole('button', { name: 'Invite' }).click();
    const invitation = (await page.locator('#link').innerText()).trim();
    await page.goto('/sites/garden/people');
    const form = page.locator('form').filter({ has: page.getByRole('button', { name: 'Give it' }) });
    await form.locator('[name=user]').fill('grace@example.org');
    await form.getByLabel('Role').selectOption('editor');
    await form.getByLabel('Until').fill(`${friday()}T18:00`);
    await form.getByLabel('Why').fill('the spring festival');
    await form.getByRole('button', { name: 'Give it' }).click();
    await page.getByRole('row').filter({ hasText: 'grace' }).filter({ hasText: 'Editor' }).waitFor();

    const colleague = await visitor(browser, api);
    await colleague.page.goto(invitation);
    await colleague.page.getByLabel('Name').fill('Grace');
    await colleague.page.getByLabel('Password').fill(`${PASSWORD} too`);
    await colleague.page.getByRole('button', { name: 'Come in' }).click();
    await colleague.page.getByRole('button', { name: 'Account: Grace' }).waitFor();
    await colleague.page.goto('/sites');
    await colleague.page.getByRole('link', { name: 'garden', exact: true }).waitFor();
    assert.equal(await colleague.page.getByText('secret').count(), 0);
    assert.equal((await colleague.page.goto('/sites/secret'))?.status(), 404);
    assert.equal((await colleague.page.goto('/audit'))?.status(), 403);
    await colleague.page.goto('/sites/garden');
    await colleague.page.getByRole('link', { name: 'Bind a hostname' }).waitFor();

    await page.goto('/audit');
    for (const what of ['Grant given', 'Hostname binding', 'Site creating']) {
      assert.match(await page.getByRole('row').filter({ hasText: what }).filter({ hasText: 'Ada' }).first().innerText(), /Ada/, what);
    }
    await until('the audit to be sealed', async () => {
      await page.goto('/audit/verify');
      return await page.getByText('The chain is intact.').count() > 0;
    });
    for (const { complaints } of [admin, colleague]) assert.deepEqual(complaints.filter((each) => !each.includes('Failed to load resource')), []);
  });
});

/** The next one that is not today. */
function friday(): string {
  const day = new Date();
  do day.setUTCDate(day.getUTCDate() + 1); while (day.getUTCDay() !== 5);
  return day.toISOString().slice(0, 10);
}
