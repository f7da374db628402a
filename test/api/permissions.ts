/**
 * Whoever the table of permissions speaks of, and what becomes of them at a route: `+` let in, `1` sign in first (401),
 * `3` may not (403), `4` not there for them (404).
 */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { sessionOf, type Authenticated } from '../../src/api/authenticate.ts';
import type { Deps } from '../../src/api/deps.ts';
import { perform } from '../../src/api/invoke.ts';
import type { Route } from '../../src/api/route.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import type { TestApi } from './harness.ts';
import { person, type TestPerson } from './people.ts';
import { COLUMNS, type Column, PERMISSIONS } from './permissions.table.ts';

export type Outcome = '+' | '1' | '3' | '4';

/** One person a column: `site…` have that role on `site` alone, `elsewhere` owns another one, `ended` owned the platform until an hour ago. */
export async function everyone(api: TestApi, site: string, other: string): Promise<Record<Exclude<Column, 'anonymous'>, TestPerson>> {
  const on = (role: string) => person(api, `site-${role}`, [{ role, site }]);
  return {
    nobody: await person(api, 'nobody'),
    viewer: await person(api, 'viewer', [{ role: 'viewer' }]), editor: await person(api, 'editor', [{ role: 'editor' }]),
    operator: await person(api, 'operator', [{ role: 'operator' }]), owner: await person(api, 'owner', [{ role: 'owner' }]),
    siteViewer: await on('viewer'), siteEditor: await on('editor'), siteOperator: await on('operator'), siteOwner: await on('owner'),
    elsewhere: await person(api, 'elsewhere', [{ role: 'owner', site: other }]),
    ended: await person(api, 'ended', [{ role: 'owner', endsAt: new Date(Date.now() - 3_600_000) }]),
  };
}

/** What the table says of a route or page, e.g. `GET /sites/{site}` or `page GET /sites`. */
export function expected(name: string): Record<Column, Outcome> {
  const row = PERMISSIONS[name];
  if (row === undefined) throw new Error(`${name} has no row in test/api/permissions.table.ts`);
  const outcomes = row.split(/[\s|]+/);
  if (outcomes.length !== COLUMNS.length || !outcomes.every((each) => ['+', '1', '3', '4'].includes(each))) throw new Error(`${name} has the row ${row}`);
  return Object.fromEntries(COLUMNS.map((column, i) => [column, outcomes[i]])) as Record<Column, Outcome>;
}

/** What becomes of somebody at a route, by its real checks, with nothing done: its handler is left out, and so is what it is sent. */
export async function outcomeAt(deps: Deps, route: Route, who: Authenticated, params: Record<string, string>): Promise<Outcome> {
  const { body: _, ifMatch: __, stream: ___, ...rest } = route;
  const named = Object.fromEntries([...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, params[name!] ?? 'x']));
  try {
    await perform({ ...rest, query: z.any(), handle: async () => ({}) }, deps, who, { params: named, query: params, readBody: async () => undefined });
    return '+';
  } catch (error) {
    if (isReeveError(error, 'forbidden')) return '3';
    if (isReeveError(error, 'not-found')) return '4';
    throw error;
  }
}

/**
 * What becomes of somebody who reads, over HTTP: what the handler itself hides (a person of another site) is in it too.
 * @throws AssertionError when the API itself fails
 */
export async function outcomeOfGet(who: Pick<TestPerson, 'send'>, path: string): Promise<Outcome> {
  const { status, body } = await who.send('GET', path);
  // A container whose agent is not there cannot be asked for its drift: whoever hears that was let in.
  assert.ok((status < 500 && status !== 400) || status === 503, `${path}: ${status} ${JSON.stringify(body)}`);
  return ({ 401: '1', 403: '3', 404: '4' } as const)[status] ?? '+';
}

/** Who somebody is to the API, by their cookie. */
export async function whoIs(deps: Deps, { cookie }: TestPerson): Promise<Authenticated> {
  const request = { get: (name: string) => (name === 'cookie' ? cookie : undefined) };
  return (await sessionOf(deps, request as never))!;
}
