/**
 * Pictures of every page, of a platform with good data, for README and docs: `npm run screenshots`.
 *
 *   npm run screenshots                               all into docs/screenshots
 *   npm run screenshots -- --to /tmp/look --png site  pages whose name holds one of these words, as PNG
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { ROOT } from '../run-files.ts';
import { startBrowser, visitor } from './browser.ts';
import { everyPage } from './every-page.ts';
import { startExample } from './example/index.ts';
import { startEmpty, statesOf, statesOfNew } from './states/index.ts';

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true, options: { to: { type: 'string', default: join(ROOT, 'docs/screenshots') }, png: { type: 'boolean', default: false } },
});

const VIEWS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const;
/** A page that is longer is cut here: a picture is to be looked at. */
const LONGEST = 1_300;

mkdirSync(options.to, { recursive: true });
const [example, empty] = await Promise.all([startExample(), startEmpty()]);
const browser = await startBrowser();
let bytes = 0;
try {
  for (const { name, ...view } of VIEWS) {
    const inside = await visitor(browser, example.api.url, example.people.owner, view);
    const outside = await visitor(browser, example.api.url, null, view);
    for (const { pattern, path, open } of everyPage(example.values)) {
      const file = `${nameOf(pattern)}-${name}`;
      if (!isAsked(file)) continue;
      const { page } = open ? outside : inside;
      const answer = await page.goto(path, { waitUntil: 'load' });
      if (!answer?.ok() || new URL(page.url()).pathname !== path) continue;
      if (await page.locator('.chart').count() > 0) await page.locator('.chart canvas').waitFor();
      if (await page.locator('#logs').count() > 0) await page.locator('#logs [data-out] div').first().waitFor();
      await keep(page, file, view.viewport);
    }
    for (const complaint of [...inside.complaints, ...outside.complaints]) console.warn(`${name}: ${complaint}`);
    await inside.context.close();
    await outside.context.close();
  }
  const pictures = [...await statesOf(example), ...statesOfNew(empty, '')].filter(({ picture }) => picture);
  for (const { name, ...view } of VIEWS) for (const state of pictures) {
    const file = `${state.name}-${name}`;
    if (!isAsked(file)) continue;
    const { page, context } = await visitor(browser, state.url, state.who, view);
    await state.show(page);
    await keep(page, file, view.viewport);
    await context.close();
  }
} finally {
  await browser.close();
  await Promise.all([example.close(), empty.close()]);
}
console.log(`${options.to}: ${Math.round(bytes / 1_024)} KB`);

function isAsked(file: string): boolean {
  return words.length === 0 || words.some((word) => file.includes(word));
}

async function keep(page: Page, file: string, viewport: { width: number; height: number }): Promise<void> {
  const picture = await take(page, viewport);
  bytes += picture.length;
  writeFileSync(join(options.to, `${file}.${options.png ? 'png' : 'webp'}`), picture);
  const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth') as number;
  if (wider > 0) console.warn(`${file}: ${wider} px too wide`);
}

/** `/sites/{site}/hostnames/new` → `site-hostnames-new`. */
function nameOf(pattern: string): string {
  return pattern.replace(/\w+\/\{(\w+)\}/g, '$1').replace(/^\//, '').replaceAll('/', '-').replace(/[{}]/g, '') || 'overview';
}

async function take(page: Page, { width, height }: { width: number; height: number }): Promise<Buffer> {
  const whole = await page.evaluate('document.documentElement.scrollHeight') as number;
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', {
    format: options.png ? 'png' : 'webp', ...(options.png ? {} : { quality: 55 }), captureBeyondViewport: true,
    clip: { x: 0, y: 0, width, height: Math.min(LONGEST, Math.max(height, whole)), scale: 1 },
  });
  await session.detach();
  return Buffer.from(data, 'base64');
}
