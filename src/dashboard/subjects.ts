/** What things are about, as people know it: a site by its name, with a link to its page. */
import { isReeveError } from '../domain/errors.ts';
import type { Page as List } from '../domain/resources/common.ts';
import type { Run } from '../domain/resources/run.ts';
import type { Site } from '../domain/resources/site.ts';
import { siteOfSubject } from '../domain/subject.ts';
import { path } from './address.ts';
import type { Routes } from './routes.ts';

export interface Subject {
  readonly text: string;
  readonly href: string | null;
  /** A symbol of icons.svg. */
  readonly symbol: string;
}

const AT_ONCE = 200;

export type SiteNames = ReadonlyMap<string, string>;

/** The names of these sites, as many in one question as a page holds. What was purged or may not be seen has none, and is shown by its id. */
export async function siteNames(routes: Routes, ids: readonly (string | null | undefined)[]): Promise<SiteNames> {
  const asked = [...new Set(ids.filter((id) => typeof id === 'string'))];
  const questions = Array.from({ length: Math.ceil(asked.length / AT_ONCE) }, (_, n) => asked.slice(n * AT_ONCE, (n + 1) * AT_ONCE));
  try {
    const lists = await Promise.all(questions.map((part) => routes.get<List<Site>>('/sites', { query: { ids: part.join(','), limit: AT_ONCE } })));
    return new Map(lists.flatMap(({ items }) => items.map(({ id, name }) => [id, name] as const)));
  } catch (error) {
    // Who may see no site at all is refused the list, where others get a shorter one.
    if (isReeveError(error, 'forbidden')) return new Map();
    throw error;
  }
}

/** Of `kind:id`, as runs, incidents and audit entries name what they are about. */
export function subjectOf(subject: string, names: SiteNames = new Map()): Subject {
  const at = subject.indexOf(':');
  const [kind, id] = at < 0 ? [subject, ''] : [subject.slice(0, at), subject.slice(at + 1)];
  switch (kind) {
    case 'site': return { text: names.get(id) ?? id, href: path`/sites/${id}`, symbol: 'sites' };
    case 'hostname': return { text: id, href: path`/hostnames/${id}`, symbol: 'globe' };
    case 'container': return { text: id, href: path`/containers/${id}`, symbol: 'container' };
    case 'release': return { text: id, href: '/releases', symbol: 'release' };
    case 'database': case 'database_server': return { text: id, href: '/releases', symbol: 'database' };
    case 'user': return { text: id, href: path`/people/users/${id}`, symbol: 'person' };
    case 'team': return { text: id, href: path`/people/teams/${id}`, symbol: 'people' };
    case 'role': return { text: id, href: path`/people/roles/${id}`, symbol: 'lock' };
    case 'run': return { text: id, href: path`/runs/${id}`, symbol: 'runs' };
    case 'approval': return { text: id, href: path`/approvals/${id}`, symbol: 'approval' };
    case 'incident': return { text: id, href: path`/incidents/${id}`, symbol: 'incident' };
    default: return { text: subject, href: null, symbol: 'dot' };
  }
}

/** What the judge said of something, as people read it: sites by their names. */
export const withNames = (text: string, names: SiteNames): string => text.replace(/\bs[0-9a-z]{9}\b/g, (id) => names.get(id) ?? id);

/** The same as a sentence of its own. */
export function sentenceOf(text: string, names: SiteNames): string {
  const named = withNames(text, names);
  return named.charAt(0).toUpperCase() + named.slice(1);
}

/** A run as a row of a list. */
export function runRow(run: Run, names: SiteNames) {
  return { ...run, about: subjectOf(run.subject, names), href: path`/runs/${run.id}` };
}

/** Runs with the names of what they are about. */
export async function withSubjects(routes: Routes, runs: readonly Run[]) {
  const names = await siteNames(routes, runs.map(({ subject }) => siteOfSubject(subject)));
  return runs.map((run) => runRow(run, names));
}
