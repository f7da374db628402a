/** Releases that are ready, to choose from: the newest, and a word where there are more than a list can hold. */
import type { Page as List } from '../domain/resources/common.ts';
import type { Release } from '../domain/resources/release.ts';
import type { Routes } from './routes.ts';

const MOST = 200;

/**
 * @param except the one that a site has already
 * @throws ReeveError as the route does
 */
export async function releaseChoices(routes: Routes, except: string | null = null) {
  const { items, next } = await routes.get<List<Release>>('/releases', { query: { phase: 'ready', limit: MOST } });
  return {
    options: items.filter(({ id }) => id !== except).map(({ id, codebase, createdAt }) => ({ value: id, label: `${codebase} ${id}, ${createdAt.slice(0, 10)}` })),
    hint: next === null ? undefined : `The newest ${MOST}. An older one is named by its id: with the command line, or through the API.`,
  };
}
