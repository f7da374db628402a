/**
 * The templates of pages, compiled once. This Handlebars environment is for HTML alone and always escapes: no template
 * but the layout has a triple brace, which a test holds. Configuration has an environment of its own (src/render).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import Handlebars from 'handlebars';
import { assetAddress } from './assets.ts';
import { escapeHtml } from './escape.ts';
import { sparkline } from './sparkline.ts';
import { ago, bytes, counted, grouped, lasted, moment, spaced, statusOf, type Tone } from './words.ts';

const folder = new URL('../../templates/dashboard/', import.meta.url);

/** Text by name, of `*.hbs` in a folder of templates/dashboard. */
export function templateTexts(within = ''): Map<string, string> {
  const at = new URL(within, folder);
  return new Map(readdirSync(at).filter((file) => file.endsWith('.hbs')).sort()
    .map((file) => [basename(file, '.hbs'), readFileSync(new URL(file, at), 'utf8')]));
}

const raw = (html: string) => new Handlebars.SafeString(html);

function icon(name: unknown): Handlebars.SafeString {
  return raw(`<svg class="icon${name === 'spin' ? ' spin' : ''}" aria-hidden="true"><use href="#i-${escapeHtml(String(name))}"/></svg>`);
}

type Given = { hash: Record<string, unknown>; data: { root: { now?: Date } } };

const HELPERS = {
  icon,
  asset: (name: unknown) => assetAddress(String(name)),
  /** `{{badge site.status}}`, `{{badge "open" tone="warn"}}`, `{{badge state word="3 of 5"}}`. */
  badge(state: unknown, { hash }: Given) {
    const { word, tone, symbol } = statusOf(String(state), hash.tone as Tone | undefined);
    return raw(`<span class="badge ${tone}">${icon(symbol).toString()}${escapeHtml(String(hash.word ?? word))}</span>`);
  },
  /** `3 min ago`, with the moment itself beneath the pointer and for programs. */
  time(at: unknown, { data }: Given) {
    const when = at ? new Date(at as string) : null;
    if (!when || Number.isNaN(when.getTime())) return '–';
    return raw(`<time datetime="${when.toISOString()}" title="${moment(when)}">${ago(when, data.root.now ?? new Date())}</time>`);
  },
  moment: (at: unknown) => (at ? moment(new Date(at as string)) : '–'),
  /** Until now where there is no end. */
  duration(from: unknown, ...rest: unknown[]) {
    const { data } = rest.at(-1) as Given;
    const until = rest.length > 1 && rest[0] ? new Date(rest[0] as string) : data.root.now ?? new Date();
    return from ? lasted(until.getTime() - new Date(from as string).getTime()) : '–';
  },
  ms: (value: unknown) => (typeof value === 'number' ? lasted(value) : '–'),
  bytes: (value: unknown) => (typeof value === 'number' ? bytes(value) : '–'),
  number: (value: unknown) => (typeof value === 'number' ? grouped(value) : '–'),
  /** Few of them are shown finely: 0.4, 3.1, 12, 1,240. */
  rate: (value: unknown) => (typeof value !== 'number' ? '–' : value < 10 ? String(Math.round(value * 10) / 10) : grouped(Math.round(value))),
  percent: (value: unknown) => (typeof value === 'number' ? `${Math.round(value * 100)} %` : '–'),
  count: (value: unknown, one: string, many: unknown) => counted(Number(value), one, typeof many === 'string' ? many : undefined),
  spaced: (word: unknown) => spaced(String(word ?? '')),
  sparkline: (values: readonly (number | null)[], { hash }: Given) => raw(sparkline(values, String(hash.label ?? ''), hash.kind === 'bars' ? 'bars' : 'line')),
  json: (value: unknown) => JSON.stringify(value, null, 2),
  /** As much of a digest as tells two apart. */
  shortened: (digest: unknown) => String(digest ?? '').slice(0, 12),
  /** One part of a path. */
  part: (value: unknown) => encodeURIComponent(String(value ?? '')),
  /** `#if` would call it, without its context. */
  isBlock: (block: unknown) => typeof block === 'function',
  eq: (a: unknown, b: unknown) => a === b,
  not: (value: unknown) => !value,
  /** As in JavaScript: the first that decides it. */
  and: (...all: unknown[]) => all.slice(0, -1).reduce((so, each) => so && each),
  or: (...all: unknown[]) => all.slice(0, -1).reduce((so, each) => so || each),
  /** `{{get refused.values "name"}}`: fields whose names hold dots. */
  get: (from: Record<string, unknown> | null | undefined, name: string) => (from && Object.hasOwn(from, name) ? from[name] : undefined),
  first: (...all: unknown[]) => all.slice(0, -1).find((each) => each !== undefined && each !== null),
  concat: (...all: unknown[]) => all.slice(0, -1).map(String).join(''),
  object: ({ hash }: Given) => hash,
  array: (...all: unknown[]) => all.slice(0, -1),
};

const html = Handlebars.create();
html.registerHelper(HELPERS as unknown as Record<string, Handlebars.HelperDelegate>);
for (const [name, text] of templateTexts('parts/')) html.registerPartial(name, text);
html.registerPartial('icons', readFileSync(new URL('assets/icons.svg', folder), 'utf8'));

// A helper that is misspelt is an error when the template is first used, and no empty place on the page.
// Without `preventIndent` each further line of what stands in a field or a `pre` would be as far in as its part is.
const OPTIONS = { preventIndent: true, knownHelpersOnly: true, knownHelpers: Object.fromEntries(Object.keys(HELPERS).map((name) => [name, true])) };

const compiled = new Map([...templateTexts()].map(([name, text]) => [name, html.compile<object>(text, OPTIONS)]));

/** The HTML of a template. @throws Error when there is no such template */
export function render(name: string, data: object): string {
  const template = compiled.get(name);
  if (!template) throw new Error(`there is no template ${name}`);
  return template(data);
}
