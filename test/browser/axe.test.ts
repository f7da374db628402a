/** Every page, in both colour schemes and on a phone, by the rules of axe: nothing serious, nothing wider than the screen. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { containerPages, edgePages } from '../../src/render/templates.ts';
import { NO_BROWSER, startBrowser, visitors } from './browser.ts';
import { everyPage } from './every-page.ts';
import { type Example, startExample } from './example/index.ts';
import { type Empty, startEmpty, type State, statesOf, statesOfNew } from './states/index.ts';
import { LOOKING, type Seen, violations } from './violations.ts';

let browser: Browser;
let example: Example;
let empty: Empty;
before(async () => {
  if (NO_BROWSER) return;
  browser = await startBrowser();
  example = await startExample();
  empty = await startEmpty();
});
after(async () => {
  await browser?.close();
  await Promise.all([example?.close(), empty?.close()]);
});

/** Axe looks at all of a page, in sight or not; what is in sight is drawn as well, which takes time. */
const HEIGHT = 300;
const WIDE = { width: 1280, height: HEIGHT };
const PHONE = { width: 390, height: HEIGHT };

/** A page is the same document in each: the schemes differ in colours alone, a phone in what has room. Contrast is looked at in all. */
const VIEWS = [
  { name: 'light', colorScheme: 'light', viewport: WIDE, rules: null },
  { name: 'dark', colorScheme: 'dark', viewport: WIDE, rules: [] },
  { name: 'on a phone', colorScheme: 'dark', viewport: PHONE, rules: ['scrollable-region-focusable', 'target-size', 'aria-hidden-focus'] },
] as const;

const seen: Seen = new Map();

/** What is wrong with the page as it is shown now. */
async function wrongOn(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  // What a template shows that has no words. Not by a locator: what those bring into each document takes longer than reading it.
  const text = await page.evaluate('document.body.innerText') as string;
  for (const wrong of text.match(/\[object \w*|\bundefined\b|\bNaN\b/g) ?? []) found.push(`${name}: it says ${wrong}`);
  // What is folded away is looked at too.
  await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
  for (const view of VIEWS) {
    await page.emulateMedia({ colorScheme: view.colorScheme });
    await page.setViewportSize(view.viewport);
    for (const violation of await violations(page, view.rules, seen)) found.push(`${name}, ${view.name}: ${violation}`);
    const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth') as number;
    if (wider > 0) found.push(`${name}, ${view.name}: it is ${wider} px wider than the screen`);
  }
  await page.setViewportSize(WIDE);
  return found;
}

/** What is wrong with any of them, each as whoever sees it. */
async function wrongWith(states: readonly State[]): Promise<string[]> {
  const found: string[] = [];
  const everybody = visitors(browser, LOOKING);
  for (const { name, url, who, show } of states) {
    const { page } = await everybody.of(url, who);
    await show(page);
    found.push(...await wrongOn(page, name));
  }
  await everybody.close();
  return found;
}

test('no page has a serious violation, in either scheme, on a desk or a phone', { skip: NO_BROWSER }, async () => {
  const { api, people, values } = example;
  const pages = everyPage(values).map(({ pattern, path, open }): State => ({ name: pattern, url: api.url, who: open ? null : people.owner, show: (page) => page.goto(path) }));
  assert.deepEqual(await wrongWith(pages), []);
});

test('nor has an error, what was refused, what is shown once or waited for, what is seen in part, an empty list, or a platform that is new', { skip: NO_BROWSER }, async () => {
  assert.deepEqual(await wrongWith([...await statesOf(example), ...statesOfNew(empty, '!')]), []);
});

test('nor have the pages that nginx shows instead of a site', { skip: NO_BROWSER }, async () => {
  const everybody = visitors(browser, LOOKING);
  const { page } = await everybody.of(example.api.url, null);
  const found: string[] = [];
  for (const { name, body } of [...containerPages, ...edgePages]) {
    // A document of its own, in which axe is.
    await page.goto('about:blank');
    await page.setContent(body);
    found.push(...await wrongOn(page, `nginx: ${name}`));
  }
  await everybody.close();
  assert.deepEqual(found, []);
});
