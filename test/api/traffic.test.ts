import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '../../src/database/new-id.ts';
import { type Queryable, transaction } from '../../src/database/pool.ts';
import { startApi, type TestApi } from './harness.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

test('what containers measure of their visitors is kept by the minute, and summed over containers', async () => {
  const { pool } = api.database;
  const [one, two, edge] = [newId('c'), newId('c'), newId('c')];
  for (const [id, role] of [[one, 'site'], [two, 'site'], [edge, 'edge']]) {
    await pool.query(`insert into container (id, slot, role, incarnation, state, wanted) values ($1, $1, $2, 1, 'ready', 'running')`, [id, role]);
  }
  const observe = (db: Queryable, id: string, load: object | undefined) => db.query('select observe_container($1, 1, $2)', [id, JSON.stringify({ load })]);
  const measured = (requests: number | null) => ({ cpu: 0.1, memory: 0.2, requests, awake: 1 });
  await observe(pool, one, measured(null));
  assert.equal((await pool.query('select from traffic')).rowCount, 0, 'what was not measured is not nought');
  // In one transaction, and so in one minute.
  await transaction(pool, 'begin', async (db) => {
    for (const requests of [10, 20]) await observe(db, one, measured(requests));
    await observe(db, two, measured(5));
    await observe(db, two, undefined);
    await observe(db, edge, measured(1_000));
  });
  assert.equal((await pool.query('select from traffic where container = $1', [edge])).rowCount, 0, 'its requests are those of the others');
  await pool.query(`update traffic set minute = date_trunc('minute', now()) - interval '10 minutes'`);
  const { points } = (await api.send('GET', '/platform/traffic')).body;
  // What was recorded again without a new measure counts again: one of 10 and one of 20, and two of 5.
  assert.deepEqual(points.map(({ requests }: { requests: number }) => requests), [20]);
  assert.deepEqual((await api.send('GET', '/platform/traffic?minutes=10')).body.points, []);
});
