/**
 * A platform's database and a Temporal namespace of this test file's own, with what the API would write. The site's
 * parts (role, database, store) are rows of a ledger here, made and dropped by the same names as the real ones: what is
 * tested is that the workflows leave all or nothing of them, whatever fails and whenever.
 */
import { randomBytes } from 'node:crypto';
import { createLog } from '../../src/log.ts';
import { type Actor, commitChange } from '../../src/database/change.ts';
import { type Pool, type Queryable, transaction } from '../../src/database/pool.ts';
import { readRun, requestRun, type RunRow } from '../../src/database/run.ts';
import { newRequest } from '../../src/database/runs/request.ts';
import { makeId } from '../../src/domain/id.ts';
import type { RunInputs, RunType } from '../../src/domain/run.ts';
import { beforeNextLook } from '../local/wait.ts';
import { testDatabase } from '../postgres.ts';
import { type TestTemporal, testTemporal } from '../temporal.ts';

export const ACTOR: Actor = { kind: 'token', id: 'k000000test', name: 'test' };

export interface TestPlatform extends TestTemporal {
  readonly pool: Pool;
  readonly url: string;
  /** As the role that the control worker has in the product. */
  readonly appUrl: string;
  close(): Promise<void>;
}

export async function testPlatform(): Promise<TestPlatform> {
  const [database, temporal] = await Promise.all([testDatabase(), testTemporal()]);
  const { pool, url, appUrl } = database;
  await pool.query(`create table made (site text, part text, state text default 'open', primary key (site, part))`);
  await commitChange(pool, {
    actor: ACTOR, type: 'platform.settings', metadata: {},
    writes: [
      { table: 'platform', op: 'update', values: { settings: {
        baseDomain: 'localhost', publicScheme: 'http', publicPort: 8080, cacheUrl: null, s3: null, ownership: 'none', trustedProxies: [] } } },
      { table: 'database_server', op: 'insert', values: { id: 'local', host: '127.0.0.1', port: 5432 } },
      { table: 'release', op: 'insert', values: { id: 'r000000001', codebase: 'test', source: '-', phase: 'ready' } },
      { table: 'release', op: 'insert', values: { id: 'r000000002', codebase: 'test', source: '-', phase: 'ready' } },
    ],
  });
  return {
    ...temporal, pool, url, appUrl,
    async close() {
      await temporal.close();
      await database.drop();
    },
  };
}

/** Request a site as the API does; `first` is told the run before anyone can start it. */
export async function requestSite(
  pool: Queryable, first: (run: string) => void = () => {}, further: RunInputs['createSite']['further'] = [],
  release = 'r000000001', store: 'directory' | 's3' = 'directory',
): Promise<{ site: string; hostname: string; run: string }> {
  const site = makeId('s', randomBytes(9));
  const hostname = `${site}.localhost`;
  const request = newRequest('createSite', { site, hostname, further });
  first(request.id);
  await commitChange(pool, {
    actor: ACTOR, type: 'site.requested', metadata: { site, hostname }, request,
    writes: [
      { table: 'site', op: 'insert', values: { id: site, name: site, phase: 'creating', release, database_server: 'local', store: store === 's3' ? { kind: 's3', bucket: site } : { kind: 'directory' } } },
      { table: 'hostname', op: 'insert', values: { hostname, site, role: 'primary', phase: 'reserved' } },
    ],
  });
  return { site, hostname, run: request.id };
}

/** As if Temporal had been given the run and lost it, with no moment in between. */
export async function lost<T>(pool: Pool, ask: (client: Queryable) => Promise<T & { run: string }>): Promise<T & { run: string }> {
  return await transaction(pool, 'begin', async (client) => {
    const asked = await ask(client);
    await client.query('update run set started_at = clock_timestamp() where id = $1', [asked.run]);
    return asked;
  });
}

/** Request a run that needs no change of its own. @returns its id */
export async function request<Type extends RunType>(
  pool: Pool, type: Type, input: RunInputs[Type], first: (run: string) => void = () => {},
): Promise<string> {
  const asked = newRequest(type, input);
  first(asked.id);
  await requestRun(pool, asked, ACTOR);
  return asked.id;
}

/** Reserve a hostname and request its binding, as the API does. */
export async function requestBinding(
  pool: Pool, input: RunInputs['bindHostname'], first: (run: string) => void = () => {},
): Promise<string> {
  const asked = newRequest('bindHostname', input);
  first(asked.id);
  await commitChange(pool, {
    actor: ACTOR, type: 'hostname.reserved', metadata: { ...input }, request: asked,
    writes: [{ table: 'hostname', op: 'insert', values: {
      hostname: input.hostname, site: input.site, role: input.role, phase: 'reserved', proof: randomBytes(8).toString('hex') } }],
  });
  return asked.id;
}

/** Wait for a condition. @throws after `ms`, saying what was waited for */
export async function until<T>(what: string, look: () => Promise<T | null | undefined | false>, ms = 60_000): Promise<T> {
  const begun = Date.now();
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() - begun > ms) throw new Error(`waited ${ms} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, beforeNextLook(begun)));
  }
}

/** The run, once it is over. */
export async function ended(pool: Pool, run: string, ms = 60_000): Promise<RunRow> {
  return await until(`run ${run} to end`, async () => {
    const row = await readRun(pool, run);
    return row?.ended_at ? row : null;
  }, ms);
}

/** Everything that a site's creation could leave behind; empty when nothing is left. */
export async function leftovers(pool: Pool, site: string): Promise<string[]> {
  const { rows } = await pool.query<{ left: string }>(
    `select 'made ' || part as left from made where site = $1
     union all select 'site ' || phase from site where id = $1 and deleted_at is null
     union all select 'hostname ' || hostname from hostname where site = $1 and deleted_at is null
     union all select 'lock ' || l.subject from run_lock l join run r on r.id = l.run where r.site = $1
     order by 1`, [site]);
  return rows.map((row) => row.left);
}

export const quiet = createLog({}, process.env.REEVE_TEST_LOG ? undefined : () => {});
