/**
 * The templates of configuration files, read once. The only file of this folder that reads anything.
 *
 * This Handlebars environment is for configuration alone: it never escapes, every name must exist, and whatever comes
 * from data goes through a helper of `syntax.ts`, which a test holds for every template. HTML has an environment of its
 * own, elsewhere.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import Handlebars from 'handlebars';
import { composePages, CONTAINER_PAGES, EDGE_PAGES } from './pages.ts';
import * as syntax from './syntax.ts';

const folder = (name: string) => new URL(`../../templates/${name}/`, import.meta.url);

function read(name: string, ending: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const file of readdirSync(folder(name)).sort()) {
    if (file.endsWith(ending)) texts.set(basename(file, ending), readFileSync(new URL(file, folder(name)), 'utf8'));
  }
  return texts;
}

const nginx = read('nginx', '.conf.hbs');
const uwsgi = read('uwsgi', '.ini.hbs');
const pages = read('pages', '.html');
const pageLayout = pages.get('layout')!;

/** Helpers by the kind of value that they let through. */
const helpers = {
  plain: (value: unknown) => syntax.plain(value),
  path: (value: unknown) => syntax.path(value),
  word: (value: unknown) => syntax.word(value),
  number: (value: unknown) => syntax.number(value),
  cidr: (value: unknown) => syntax.cidr(value),
  listen: (value: unknown) => syntax.listen(value),
  port: (value: unknown) => syntax.port(value),
  user: (value: unknown) => syntax.user(value),
  html: (value: unknown) => syntax.html(value),
  codes: (value: unknown) => syntax.codes(value),
};

/** Names that a template may use without a helper, since they hold text that was rendered here already. */
export const HELPERS: readonly string[] = Object.keys(helpers);

function environment(partials: Record<string, string>): typeof Handlebars {
  const handlebars = Handlebars.create();
  handlebars.registerHelper(helpers);
  for (const [name, text] of Object.entries(partials)) handlebars.registerPartial(name, text);
  return handlebars;
}

const OPTIONS = { strict: true, noEscape: true, knownHelpersOnly: true, knownHelpers: Object.fromEntries(HELPERS.map((name) => [name, true])) };

const shared = {
  main: nginx.get('main')!, http: nginx.get('http')!, pages: nginx.get('pages')!,
  types: nginx.get('types')!, mediaTypes: nginx.get('media-types')!,
};
const container = environment({ ...shared, headers: nginx.get('headers')! });
const edge = environment({ ...shared, headers: nginx.get('edge-headers')!, edgeProxy: nginx.get('edge-proxy')! });

type Template<T> = (data: T) => string;
const compile = <T>(handlebars: typeof Handlebars, text: string | undefined): Template<T> => {
  if (text === undefined) throw new Error('a template is missing');
  return handlebars.compile<T>(text, OPTIONS);
};

export const templates = {
  containerNginx: compile<Record<string, unknown>>(container, nginx.get('container')),
  containerRouting: compile<Record<string, unknown>>(container, nginx.get('routing')),
  edgeNginx: compile<Record<string, unknown>>(edge, nginx.get('edge')),
  edgeRouting: compile<Record<string, unknown>>(edge, nginx.get('edge-routing')),
  edgeMembers: compile<Record<string, unknown>>(edge, nginx.get('members')),
  vassal: compile<Record<string, unknown>>(environment({}), uwsgi.get('vassal')),
};

export const containerPages = composePages(CONTAINER_PAGES, pageLayout, pages);
export const edgePages = composePages(EDGE_PAGES, pageLayout, pages);

/** Every template's text by its name, for the test that holds each value to a helper. */
export const templateTexts: ReadonlyMap<string, string> = new Map([...nginx, ...uwsgi]);
