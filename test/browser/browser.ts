/**
 * A real browser for tests: the machine's own chromium, or its shell without windows, which takes a third of
 * the time to show a page. Where there is none, tests say so in one line and are skipped:
 *
 *   before(async () => { if (!NO_BROWSER) … });
 *   test('…', { skip: NO_BROWSER }, async () => { … });
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { TestPerson } from '../api/people.ts';

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

const program = NAMES.flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name))).find(isProgram);

/** What `skip` takes: false where there is a browser. */
export const NO_BROWSER: string | false = program ? false : `no ${NAMES.join(', ')} on PATH`;

/** For whoever waits for something on a page: a busy machine takes its time. */
const PATIENCE_MS = 90_000;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A page that one goes to takes the place of the last one in its frame. A frame of its own for each, with what draws it, was a sixth of
 * Chromium's work in test/browser/axe.test.ts (120 core-seconds against 98, side by side).
 * Of this switch a browser takes the last alone, so playwright's own two are here again: where it changes them, so does this.
 */
const FEATURES = '--enable-features=CDPScreenshotNewSurface,SkipListAccountsWithoutGaiaCookies,RenderDocument:level/crashed-frame';

/** One for a whole file; close it after. */
export async function startBrowser(): Promise<Browser> {
  if (!program) throw new Error(String(NO_BROWSER));
  // Without a graphics card it would draw with a processor's work of one. Chromium's own sandbox does not work for root.
  const args = ['--disable-gpu', FEATURES, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return await chromium.launch({ executablePath: program, timeout: PATIENCE_MS, args });
}

/** What a browser complained about: errors of scripts, of its console (refusals of the content policy among them), dialogs. */
export type Complaints = string[];

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly complaints: Complaints;
}

/**
 * A window of somebody's own; of nobody who is signed in without `who`. Close its context after.
 * @param url of the API
 */
export async function visitor(browser: Browser, url: string, who: Pick<TestPerson, 'cookie'> | null = null, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: url, locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  context.setDefaultNavigationTimeout(PATIENCE_MS);
  if (who) await signIn(context, url, who);
  const complaints: Complaints = [];
  context.on('page', (page) => listen(page, complaints));
  return { context, page: await context.newPage(), complaints };
}

/**
 * A window of each who looks, opened when they first do. Close it after.
 * @param script run in each document before its own
 */
export function visitors(browser: Browser, script?: string): { of(url: string, who: Pick<TestPerson, 'cookie'> | null): Promise<Visitor>; close(): Promise<void> } {
  const opened = new Map<string, Promise<Visitor>>();
  const open = async (url: string, who: Pick<TestPerson, 'cookie'> | null) => {
    const one = await visitor(browser, url, who);
    if (script) await one.context.addInitScript(script);
    return one;
  };
  return {
    of(url, who) {
      const key = `${url} ${who?.cookie}`;
      opened.set(key, opened.get(key) ?? open(url, who));
      return opened.get(key)!;
    },
    close: async () => void (await Promise.all([...opened.values()].map(async (one) => await (await one).context.close()))),
  };
}

/** The session's cookie, as the page of signing in sets it. */
export async function signIn(context: BrowserContext, url: string, { cookie }: Pick<TestPerson, 'cookie'>): Promise<void> {
  const [name, value] = cookie.split('=') as [string, string];
  await context.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Lax' }]);
}

function listen(page: Page, complaints: Complaints): void {
  page.on('pageerror', (error) => {
    // Chromium's own: a page that comes late is shown without the transition that its style asks for (`@view-transition`).
    if (!error.message.startsWith('Transition was')) complaints.push(`script: ${error.message}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
}
