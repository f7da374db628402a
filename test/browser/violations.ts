/**
 * What axe says of a page. Most of its time goes to contrast, text by text, and most text of a page looks as text that
 * was looked at before: colours, size, and what lies behind it. Such text is looked at once.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * For every document, before its own scripts: so a browser compiles it once, and not for each page.
 *
 * A look is all that contrast is made of: the text's own style, and of each element around it what it lays behind or
 * over the text, also whether it is moved: then it may lie on something else. What axe never looks at has none.
 */
export const LOOKING = `${AXE};
axe.configure({ noHtml: true, rules: [{ id: 'color-contrast', selector: '[data-new-look]' }] });
globalThis.findLooks = () => {
  const usual = { backgroundColor: 'rgba(0, 0, 0, 0)', backgroundImage: 'none', opacity: '1', filter: 'none', mixBlendMode: 'normal', position: 'static', clipPath: 'none' };
  const own = ['color', 'webkitTextFillColor', 'fontSize', 'fontWeight', 'textShadow', 'webkitTextStrokeWidth'];
  const found = new Map();
  const walk = (element, around) => {
    const style = getComputedStyle(element);
    if (style.display === 'none' || element.localName === 'option') return;
    const laid = Object.keys(usual).filter((name) => style[name] !== usual[name]).map((name) => style[name]);
    if (element.matches(':disabled, [aria-disabled=true], [inert]')) laid.push('disabled');
    const here = laid.length === 0 ? around : around + '/' + laid;
    const says = element.matches('input, select, textarea') || [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim() !== '');
    if (says && style.visibility === 'visible') {
      const look = [...own.map((name) => style[name]), here].join(' ');
      if (!found.has(look)) found.set(look, []);
      found.get(look).push(element);
    }
    for (const child of element.children) walk(child, here);
  };
  walk(document.documentElement, '');
  globalThis.looks = found;
  return [...found.keys()];
};
globalThis.runAxe = async (unseen, options) => {
  for (const marked of document.querySelectorAll('[data-new-look]')) marked.removeAttribute('data-new-look');
  for (const look of unseen) for (const element of looks.get(look)) element.setAttribute('data-new-look', '');
  let contrast;
  const reporter = (results, options, done, fail) => {
    const of = results.find(({ id }) => id === 'color-contrast');
    contrast = [of?.passes ?? [], of?.violations ?? []].map((nodes) => new Set(nodes.map(({ node }) => node.element)));
    axe.getReporter('v1')(results, options, done, fail);
  };
  const { violations } = await axe.run(document, { ...options, reporter });
  const [good, bad] = contrast.map((elements) => unseen.filter((look) => looks.get(look).some((element) => elements.has(element))));
  return { violations, good, bad };
};`;

/** Of each look that some text had, in any scheme and at any width: how often axe was asked in vain, or that it found it good. */
export type Seen = Map<string, number | 'good'>;

interface Looked extends Pick<axe.AxeResults, 'violations'> {
  /** Looks of text that was good, or bad, somewhere on the page. */
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

/** Axe cannot tell of text that something else covers, or that is out of sight: for these alone it is started no more often. */
const ASKED = 3;

/**
 * What is serious or worse on a page that has LOOKING: which rule, where, and what axe says of it.
 * @param rules beside contrast; null: all
 * @param seen  grows
 */
export async function violations(page: Page, rules: readonly string[] | null, seen: Seen): Promise<string[]> {
  const unseen = (await page.evaluate('findLooks()') as string[]).filter((look) => seen.get(look) !== 'good');
  if (rules?.length === 0 && !unseen.some((look) => Number(seen.get(look) ?? 0) < ASKED)) return [];
  const runOnly = rules && ['color-contrast', ...rules];
  // Nothing here has frames, and no rule that is run asks for the styles themselves, which axe would fetch once more.
  const options = { resultTypes: ['violations'], iframes: false, preload: false, ...(runOnly ? { runOnly } : {}) };
  const { violations, good, bad } = await page.evaluate(`runAxe(${JSON.stringify(unseen)}, ${JSON.stringify(options)})`) as Looked;
  for (const look of unseen) if (!bad.includes(look)) seen.set(look, good.includes(look) ? 'good' : Number(seen.get(look) ?? 0) + 1);
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary?.split('\n').slice(1).join('; ')}`));
}
