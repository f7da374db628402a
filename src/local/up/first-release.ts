import { resolve } from 'node:path';
import type { Client } from '../../api/client.ts';
import { everyItem } from '../../api/pages.ts';
import type { Page } from '../../domain/resources/common.ts';
import type { Release } from '../../domain/resources/release.ts';
import type { Report } from '../setup/installed.ts';
import { watchRun } from './watch.ts';

/** What a start does about releases. */
export type ReleaseStep =
  | { readonly do: 'nothing'; readonly release: string }
  | { readonly do: 'join'; readonly release: string; readonly run: string }
  | { readonly do: 'prepare'; readonly source: string };

/**
 * A ready release will do; else one that a start which was cut short has asked for; else a new one. Where a person names
 * a codebase (`--codebase`), only releases of that path count: they brought a project to see it, so a platform that runs
 * another one prepares theirs too. To refuse instead was rejected, since the way on would be the same with one command more.
 *
 * @param releases newest first
 * @param named    an absolute path; null when nobody named one
 * @param otherwise the codebase of a platform that has none
 */
export function decideRelease(
  releases: readonly Pick<Release, 'id' | 'source' | 'phase' | 'run'>[], named: string | null, otherwise: string,
): ReleaseStep {
  const counting = releases.filter(({ source }) => named === null || source === named);
  const ready = counting.find(({ phase }) => phase === 'ready');
  if (ready) return { do: 'nothing', release: ready.id };
  const open = counting.find(({ phase, run }) => phase === 'preparing' && run !== null);
  if (open) return { do: 'join', release: open.id, run: open.run!.id };
  return { do: 'prepare', source: named ?? otherwise };
}

/**
 * Have a release that is ready, of the named codebase where there is one.
 * @returns what a person should know about it, as lines
 * @throws ReeveError `step-failed` with the reason why it could not be made
 */
export async function bringRelease(
  api: Client, codebase: { named: string | undefined; example: string }, report: Report, stopping: AbortSignal,
): Promise<string[]> {
  const named = codebase.named === undefined ? null : resolve(codebase.named);
  const items = await everyItem((query) => api.request<Page<Release>>('GET', '/releases', { query }));
  const step = decideRelease(items, named, resolve(codebase.example));
  if (step.do === 'nothing') {
    // What is in the directory may have changed since: a release is one version of it, and a start makes no other unasked.
    return named === null ? [] : [`${named} is release ${step.release}; after changes in it: npx reeve release create ${quoted(named)}`];
  }
  const before = items.some(({ phase }) => phase === 'ready');
  const made = step.do === 'join' ? step
    : await api.request<Release>('POST', '/releases', { body: { source: step.source } }).then(({ id, run }) => ({ release: id, run: run!.id }));
  await watchRun(api, made.run, 'Release', named ?? codebase.example, report, stopping);
  if (!before) return [];
  return [`${named ?? codebase.example} is release ${made.release}: new sites get it (npx reeve site create <name>); `
    + `a site that is there keeps its own until: npx reeve site upgrade <site> ${made.release}`];
}

const quoted = (path: string) => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`);
