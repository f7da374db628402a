/** Markup in every field that holds somebody's words, in a browser that would run it: it is shown, and nothing runs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { commitChange } from '../../src/database/change.ts';
import { SYSTEM } from '../api/harness.ts';
import { until } from '../local/wait.ts';
import { HOSTILE } from '../dashboard/hostile.ts';
import { startContainer } from '../render/container.ts';
import { desired, hostname, site } from '../render/fixture.ts';
import { nginx } from '../render/nginx.ts';
import { type Complaints, NO_BROWSER, startBrowser, visitor, visitors, type Visitor } from './browser.ts';
import { everyPage } from './every-page.ts';
import { type Example, startExample } from './example/index.ts';
import { speakHostile, unspoken } from './hostile-example.ts';
import { type State, statesOf } from './states/index.ts';

/** Where they are all of an address, they are one that runs. */
const WORDS = ['javascript:alert(1)//', ...HOSTILE].join(' ');
const TYPED = WORDS.slice(0, 180);

let browser: Browser;
let example: Example;
let states: readonly State[];
let visit: Visitor;
/** Open since before the words were spoken. */
let early: Visitor;
before(async () => {
  if (NO_BROWSER) return;
  browser = await startBrowser();
  example = await startExample();
  const { api, people } = example;
  states = await statesOf(example, TYPED);
  [visit, early] = [await visitor(browser, api.url, people.owner), await visitor(browser, api.url, people.owner)];
  await early.page.goto('/');
  await speakHostile(api, WORDS);
  await tell(WORDS);
});
after(async () => {
  await browser?.close();
  await example?.close();
});

const tell = (words: string) => commitChange(example.api.database.pool, { actor: { ...SYSTEM, name: words }, type: words, metadata: { [words]: words }, writes: [] });

/** Refusals are answers with a page, and some states are made by cutting something off; the console names each. */
const worrying = (complaints: Complaints) => complaints.filter((complaint) => !/Failed to load resource: (.* status of [45]\d\d|net::ERR_FAILED)/.test(complaint));

/** What markup has made of a document: elements, and attributes that no template has; and whether it says the words. */
const LOOK = `(document) => {
  const made = [...document.querySelectorAll('script:not([src]), img[src=x], u, a[href^="javascript:" i], a[href^="//evil"], form[action^="javascript:" i]')];
  const broken = [...document.querySelectorAll('*')].filter((each) => each.getAttributeNames().some((name) => name.startsWith('on') || !/^[a-z][a-z0-9:-]*$/i.test(name)));
  return { made: [...made, ...broken].map((each) => each.outerHTML.slice(0, 200)), says: document.body.textContent.includes('<script>alert(1)</script>') };
}`;

/** Nothing was made, and nothing was even tried. @returns whether the words are seen */
async function look({ page, complaints }: Pick<Visitor, 'page' | 'complaints'>, what: string): Promise<boolean> {
  const { made, says } = await page.evaluate(`(${LOOK})(document)`) as { made: string[]; says: boolean };
  assert.deepEqual([...made, ...worrying(complaints)], [], what);
  return says;
}

/** The same of pages that are read as a browser reads them, and not gone to: that takes a fifth of the time. */
async function lookThrough({ page }: Visitor, paths: readonly string[]): Promise<{ made: string[]; says: boolean }[]> {
  return await page.evaluate(`(async () => {
    const looks = [];
    for (const path of ${JSON.stringify(paths)}) {
      const answer = await fetch(path, { headers: { accept: 'text/html' } });
      looks.push((${LOOK})(new DOMParser().parseFromString(await answer.text(), 'text/html')));
    }
    return looks;
  })()`) as { made: string[]; says: boolean }[];
}

const valuesOf = async (fields: Locator) => await Promise.all((await fields.all()).map((field) => field.inputValue()));

test('the browser says what the policy refuses, so that silence means something', { skip: NO_BROWSER }, async () => {
  const { page, complaints } = visit;
  await page.goto('/');
  await page.evaluate(`document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x onerror="alert(1)">')`);
  await until('the refusal', () => worrying(complaints).some((complaint) => complaint.includes('Content Security Policy')));
  complaints.length = 0;
  await assert.rejects(look(visit, 'made'), /img src/);
});

test('no field is left out: every column that holds words holds these', { skip: NO_BROWSER }, async () => {
  assert.deepEqual(await unspoken(example.api, '<script>alert(1)</script>'), []);
});

test('what comes while a page is open is shown there, and runs nothing', { skip: NO_BROWSER }, async () => {
  await until('the page says it', () => look(early, 'overview, live'), 90);
  await early.page.goto('/people');
  await early.page.getByPlaceholder('Name or e-mail').fill('<script>');
  await early.page.waitForURL(/q=%3Cscript/);
  assert.equal(await look(early, 'a filter'), true);
  await early.context.close();
});

test('what is told of as it happens stays one item of the stream', { skip: NO_BROWSER }, async () => {
  const { page } = visit;
  await page.goto('/account');
  await page.evaluate(`{
    globalThis.told = [];
    const source = new EventSource('/api/v1/stream');
    for (const name of ['ready', 'event', 'forged', 'message']) source.addEventListener(name, ({ data }) => told.push([name, JSON.parse(data).type]));
  }`);
  const told = () => page.evaluate('told') as Promise<[string, string | undefined][]>;
  await until('the stream is open', async () => (await told()).length === 1, 90);
  const forged = `${WORDS}\n\nevent: forged\ndata: {}\n\ndata: {}\r\n\r\n`;
  await tell(forged);
  await until('it is told', async () => (await told()).length > 1, 90);
  assert.deepEqual((await told()).slice(1), [['event', forged]]);
  await look(visit, 'stream');
});

test('what was typed and refused comes back as it was, and runs nothing', { skip: NO_BROWSER }, async () => {
  const { page } = visit;
  const { site } = example.values;
  for (const [path, button] of [['/sites/new', 'Create the site'], [`/sites/${site}/hostnames/new`, 'Bind it']] as const) {
    await page.goto(path);
    // Beside what the browser itself checks.
    await page.evaluate(`document.querySelector('main form[method=post]').noValidate = true`);
    const fields = page.locator('main form[method=post]').locator('input:not([type=hidden]):not([type=number]), textarea');
    for (const field of await fields.all()) await field.fill(TYPED);
    const typed = await valuesOf(fields);
    assert.ok(typed.length > 0 && typed.every((value) => value.includes('<script>')));
    await page.getByRole('button', { name: button }).click();
    await page.locator('.wrong').first().waitFor();
    assert.deepEqual(await valuesOf(fields), typed, path);
    await look(visit, path);
  }
});

/** Words of the page's own filters, as its address would have them. */
const asked = async (page: Page) => {
  const names = await page.evaluate(`[...document.querySelectorAll('main form[method=get] :is(input[type=search], input[type=text])')].map(({ name }) => name).filter(Boolean)`) as string[];
  return names.length === 0 ? null : `?${new URLSearchParams(names.map((name): [string, string] => [name, WORDS]))}`;
};

test('no page runs what is in its fields or its address', { skip: NO_BROWSER }, async () => {
  const { api, people, values } = example;
  let said = 0;
  for (const [who, isOpen] of [[people.owner, false], [null, true]] as const) {
    const theirs = await visitor(browser, api.url, who);
    for (const { pattern, path } of everyPage(values).filter(({ open }) => open === isOpen)) {
      await theirs.page.goto(path);
      if (await look(theirs, pattern)) said += 1;
      const query = isOpen ? `?${new URLSearchParams({ next: WORDS, said: WORDS, ticket: WORDS, state: WORDS })}` : await asked(theirs.page);
      if (!query) continue;
      await theirs.page.goto(path + query);
      await look(theirs, pattern + query);
    }
    await theirs.context.close();
  }
  assert.ok(said >= 40, `the words are seen, as text: on ${said} pages`);
});

test('nor is one made of them for whoever may less', { skip: NO_BROWSER }, async () => {
  const { api, people, values } = example;
  const paths = everyPage(values).filter(({ open }) => !open).map(({ path }) => path);
  for (const who of [people.operator, people.siteOwner, people.editor, people.viewer]) {
    const theirs = await visitor(browser, api.url, who);
    await theirs.page.goto('/account');
    const looks = await lookThrough(theirs, paths);
    assert.deepEqual(looks.flatMap(({ made }, i) => made.map((one) => `${who.name}: ${paths[i]}: ${one}`)), []);
    const said = looks.filter(({ says }) => says).length;
    assert.ok(said >= 25, `${who.name} sees the words, as text: on ${said} pages`);
    await theirs.context.close();
  }
});

test('nor does what a page shows beside what it usually does', { skip: NO_BROWSER }, async () => {
  const everybody = visitors(browser);
  for (const { name, url, who, show } of states) {
    const theirs = await everybody.of(url, who);
    await show(theirs.page);
    await look(theirs, name);
  }
  await everybody.close();
});

test('lines of a log, and answers for programs that somebody opens, are text', { skip: NO_BROWSER }, async () => {
  const { page } = visit;
  example.writeLine(example.values.site!, WORDS);
  await page.goto(`/sites/${example.values.site}/logs`);
  await page.getByText('<script>alert(1)</script>').first().waitFor();
  await look(visit, 'logs');
  for (const path of ['sites', 'incidents', 'audit', `runs/${example.values.run}`]) {
    await page.goto(`/api/v1/${path}`);
    assert.equal(await look(visit, path), true, path);
  }
});

test('the pages that nginx shows instead of a site hold nothing of what was asked for', { skip: NO_BROWSER }, async () => {
  const container = await startContainer({ nginx, vassals: false });
  try {
    await container.apply(desired({ sites: [site(1), site(2, { phase: 'suspended' })], hostnames: [hostname('alpha.localhost', 1), hostname('beta.localhost', 2)] }));
    const theirs = await visitor(browser, example.api.url, null, { extraHTTPHeaders: { 'x-request-id': '<script>alert(1)</script>', 'x-forwarded-host': '"><img src=x onerror=alert(1)>', referer: 'javascript:alert(1)' } });
    for (const [host, path, page] of [['nobody', '/', 'unknown'], ['alpha', '/', 'failing'], ['alpha', '/static/', 'missing'], ['beta', '/', 'suspended']] as const) {
      const answer = await theirs.page.goto(`http://${host}.localhost:${container.layout.listen.port}${path}${encodeURIComponent(WORDS)}?${encodeURIComponent(WORDS)}`);
      assert.equal(answer?.headers()['x-reeve-page'], page, host + path);
      assert.equal(await look(theirs, page), false, page);
    }
    await theirs.context.close();
  } finally {
    await container.close();
  }
});
