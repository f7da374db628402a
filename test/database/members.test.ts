/** Which containers an edge is given, and what is made of those that speak late. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type Actor, commitChange } from '../../src/database/change.ts';
import { joinContainer, observeContainer, readMembers } from '../../src/database/container.ts';
import { storeSweep } from '../../src/database/health/store.ts';
import { newId } from '../../src/database/new-id.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

const ACTOR: Actor = { kind: 'system', id: 'test', name: 'test' };
const PLACE = { address: '127.0.0.1', port: 9001, agentUrl: 'http://127.0.0.1:9', layout: null };
let database: TestDatabase;
beforeEach(async () => { database = await testDatabase(); });
afterEach(() => database.drop());

/** One that serves generation 0, ready and heard of. */
async function member(): Promise<string> {
  const id = newId('c');
  await database.pool.query(`insert into container (id, slot, role) values ($1, $1, 'site')`, [id]);
  await joinContainer(database.pool, id, 0, PLACE);
  await says(id, 0);
  return id;
}
const says = (id: string, generation: number) => observeContainer(database.pool, id, 1, { state: 'ready', epoch: 1, generation });
const lapses = (...ids: string[]) => database.pool.query(`update container set lease_expires_at = now() - interval '10 minutes' where id = any($1)`, [ids]);
const members = async () => (await readMembers(database.pool)).map(({ id }) => id).sort();
/** A change that was committed so long ago that it should be served by now. */
async function changedLongAgo(): Promise<number> {
  const { generation } = await commitChange(database.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [] });
  await database.pool.query(`update event set at = now() - interval '11 minutes'`);
  return generation;
}

test('fault 1: a lapsed lease alone takes no member from the edge', async () => {
  const all = [await member(), await member()].sort();
  await lapses(...all);
  assert.deepEqual(await members(), all);
  await says(all[0]!, 0);
  assert.deepEqual(await members(), all, 'nor where the first of them is back');
});

test('one that is far behind gets no visitors while another one is not, heard of or not', async () => {
  const all = [await member(), await member()].sort();
  const generation = await changedLongAgo();
  assert.deepEqual(await members(), all, 'all are behind: that is no reason to serve nothing');
  await lapses(...all);
  assert.deepEqual(await members(), all);
  await says(all[0]!, generation);
  assert.deepEqual(await members(), [all[0]]);
  await says(all[1]!, 0);
  assert.deepEqual(await members(), [all[0]]);
  await says(all[1]!, generation);
  assert.deepEqual(await members(), all);
});

test('fault 16: an agent that speaks after its container was ended changes nothing, and hears that it is over', async () => {
  const id = await member();
  await database.pool.query(`update container set wanted = 'ended', state = 'ended', lease_expires_at = null where id = $1`, [id]);
  const row = async () => (await database.pool.query('select c, (select count(*) from drift) as drift from container c where id = $1', [id])).rows;
  const before = await row();
  const late = await observeContainer(database.pool, id, 1, { state: 'ready', epoch: 1, generation: 7, drift: [{ path: '/x', kind: 'changed' }] });
  assert.equal(late, 'ended');
  assert.deepEqual(await row(), before);
  assert.deepEqual(await members(), []);
  const over = (error: unknown) => isReeveError(error, 'conflict');
  await assert.rejects(joinContainer(database.pool, id, 1, PLACE), over);
  await assert.rejects(joinContainer(database.pool, id, 0, PLACE), over);
  const at = Date.now();
  await assert.rejects(storeSweep(database.pool, {
    container: id, incarnation: 1, packed: null, names: null, changed: [],
    sweep: { slot: at, startedAt: at, endedAt: at, intervalSeconds: 30, hostnames: 0, counts: { up: 0, slow: 0, down: 0, unknown: 0 }, names: 'x' },
  }), over);
});
