/**
 * Rows that the judge looks at: three containers that are ready, with three sites that are well. Verdicts and leases are written
 * as agents would.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import { type Memory, NOTHING } from '../../src/control/judge/look.ts';
import { lookAlone } from '../../src/control/judge/loop.ts';
import { commitChange } from '../../src/database/change.ts';
import { concludeRun } from '../../src/database/remediations.ts';
import { claimRun, finishRun } from '../../src/database/run.ts';
import { judgeServer, type ServerAnswer } from '../../src/domain/database-state.ts';
import { type TestDatabase, testDatabase } from '../postgres.ts';
import { ACTOR, quiet } from '../workflows/platform.ts';

export const WELL = { used: 1, most: 100, reserved: 3, holders: [], atLimit: [] };
export const containers = ['c00000000a', 'c00000000b', 'c00000000c'];
export const sites = ['s000000001', 's000000002', 's000000003'];

/** Of the test that runs. */
export let database: TestDatabase;

/** Each test of the file has rows of its own. */
export function freshRows(): void {
  beforeEach(async () => {
    database = await testDatabase();
    await commitChange(database.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [
      { table: 'database_server', op: 'insert', values: { id: 'local', host: 'x', port: 1 } },
      ...sites.flatMap((id) => [
        { table: 'site', op: 'insert', values: { id, name: id, phase: 'live', database_server: 'local' } },
        { table: 'hostname', op: 'insert', values: { hostname: `${id}.localhost`, site: id, role: 'primary', phase: 'bound' } },
      ] as const),
    ] });
    for (const id of containers) {
      await database.pool.query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ($1, $1, 'site', 'ready', 1, 'infinity')`, [id]);
    }
    await verdicts('up', containers, sites);
  });
  afterEach(() => database.drop());
}

export async function verdicts(verdict: string, where: readonly string[], of: readonly string[]): Promise<void> {
  for (const container of where) for (const site of of) {
    await database.pool.query(
      `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, at, since) values ($1, $3 || '.localhost', $3, 1, $2, 'deep', now(), now())
       on conflict (container, hostname) do update set verdict = $2, at = now()`, [container, verdict, site]);
  }
}

/**
 * One look of the judge.
 * @param answers what the database server answers, and the last traceback in the first container
 */
export async function seen(memory: Memory = NOTHING, answers: { server?: ServerAnswer; traceback?: string | null } = {}): Promise<Memory> {
  const { server = WELL, traceback = null } = answers;
  return await lookAlone({
    pool: database.pool, log: quiet, askDatabases: async (servers) => servers.map((id) => judgeServer(id, server)),
    askTraceback: async (container) => (container === containers[0] ? traceback : null),
  }, memory);
}

/** As if it had looked every few seconds for so long, and these had written all the time. */
export function steady(held: readonly string[], standstill: readonly string[] = [], forMs = 240_000): Memory {
  const since = Date.now() - forMs;
  return {
    leases: { lookedAt: Date.now() - 3_000, steadySince: since, heldSince: new Map(held.map((id) => [`${id}/1`, since])) },
    standstill: new Map(standstill.map((key) => [key, since])),
  };
}

export const all = async (sql: string) => (await database.pool.query(sql)).rows;
export const incidents = () => all(`select subject, cause, state, closed_why as why from incident order by id`);
export const ledger = async () => (await all('select action, decision, reason from remediation order by id'));
export const decisions = async () => (await ledger()).map(({ action, decision }) => `${decision} ${action}`);
export const runs = () => all(`select id, type, input from run order by requested_at, id`);

export const settings = (remediation: object) => database.pool.query(`update platform set settings = settings || jsonb_build_object('remediation', $1::jsonb)`, [JSON.stringify(remediation)]);

/** The run ends as its workflow would end it, with this word in the ledger. */
export async function end(type: string, result: 'recovered' | 'persists' | 'failed'): Promise<void> {
  const run = (await runs()).find((each) => each.type === type)!;
  assert.equal(await claimRun(database.pool, run.id, 'x'), true);
  await concludeRun(database.pool, run.id, result);
  await finishRun(database.pool, run.id, result === 'failed' ? 'failed' : 'completed', {});
}
