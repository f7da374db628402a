/** An operator is paged. What the judge wrote down is read, decided on, and the platform paused; a colleague then sees who did what. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { person } from '../api/people.ts';
import { NO_BROWSER, startBrowser, visitor } from './browser.ts';
import { type Example, startExample } from './example/index.ts';

let browser: Browser;
let example: Example;
before(async () => {
  if (NO_BROWSER) return;
  browser = await startBrowser();
  example = await startExample();
});
after(async () => {
  await browser?.close();
  await example?.close();
});

test('an operator reads an incident, approves a replacement, and pauses the platform', { skip: NO_BROWSER }, async () => {
  const { api, people, values } = example;
  const { context, page, complaints } = await visitor(browser, api.url, people.operator);
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: '2 things are badly wrong.' }).waitFor();
  await page.locator('#incidents').getByRole('link', { name: new RegExp(`Container ${values.container} fails`) }).click();

  await page.getByRole('heading', { level: 1, name: /are well elsewhere/ }).waitFor();
  for (const name of ['Evidence', 'What was done, and why', 'Timeline']) await page.getByRole('heading', { name, exact: true }).waitFor();
  await page.getByText('garden-club.org: answered 502 instead of 200').first().waitFor();
  await page.getByText("TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'").waitFor();
  const decisions = page.locator('#decisions');
  await decisions.getByText('The fault persists.').waitFor();
  assert.match(await decisions.getByText('Replace', { exact: true }).locator('..').innerText(), /regenerating did not help/);
  assert.equal(await page.getByRole('link', { name: /in Temporal/ }).first().getAttribute('href').then((href) => href?.startsWith('http://127.0.0.1:8233/')), true);
  await page.getByLabel('Note').fill('I look at it');
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByText('I look at it').waitFor();

  await page.getByRole('link', { name: 'Drift' }).click();
  await page.getByText('worker_connections 16;').waitFor();
  await page.getByText('client_max_body_size 2000m;').waitFor();

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Approvals' }).click();
  await page.getByRole('link', { name: /Replace/ }).first().click();
  await page.getByText('Another container is launched first').waitFor();
  await page.getByRole('button', { name: /Approve/ }).click();
  await page.waitForURL(/\/runs\/w/);
  await page.getByRole('heading', { name: `Replace container: ${values.container}` }).waitFor();
  const approved = (await api.send('GET', `/approvals/${values.approval}`)).body;
  assert.deepEqual([approved.state, approved.decidedBy.name], ['used', 'Jonas']);

  await page.goto('/settings');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  assert.equal((await api.send('GET', '/platform')).body.paused, true);
  await context.close();
  // Drift of a container that nobody runs here is said to be unknown, by a page and a status of its own.
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes('Failed to load resource')), []);

  const owner = await visitor(browser, api.url, people.owner);
  await owner.page.goto('/audit');
  for (const what of ['Platform paused', 'Incident acknowledged']) {
    const row = owner.page.getByRole('row').filter({ hasText: what }).first();
    assert.match(await row.innerText(), /Jonas/, what);
  }
  await owner.context.close();
});

test('a colleague with one site sees that site, and no other', { skip: NO_BROWSER }, async () => {
  const { api, sites } = example;
  const colleague = await person(api, 'Grace', [{ role: 'editor', site: sites.garden }]);
  const { page, context } = await visitor(browser, api.url, colleague);
  await page.goto('/sites');
  assert.deepEqual(await page.locator('#list tbody th').allInnerTexts(), ['garden']);
  for (const path of ['/sites/bakery', `/sites/${sites.museum}/settings`, '/hostnames/rathaus.example.org', `/incidents/${example.values.incident}`]) {
    assert.equal((await page.goto(path))?.status(), 404, path);
  }
  await page.goto('/sites/garden');
  await page.getByRole('link', { name: 'Bind a hostname' }).waitFor();
  await context.close();
});
