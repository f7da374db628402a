/** The one slot for replacing, and what is refused of those who come to it late. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Actor } from '../../src/database/change.ts';
import { closeIncident, openIncident } from '../../src/database/incidents.ts';
import { newId } from '../../src/database/new-id.ts';
import { endSlot, takeSlot } from '../../src/database/replacements.ts';
import { pausePlatform } from '../../src/database/requests/pause-platform.ts';
import { requestReplaceContainer } from '../../src/database/requests/replace-container.ts';
import { claimRun, finishRun } from '../../src/database/run.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { testDatabase, type TestDatabase } from '../postgres.ts';

const ACTOR: Actor = { kind: 'system', id: 'test', name: 'test' };
let database: TestDatabase;
beforeEach(async () => { database = await testDatabase(); });
afterEach(() => database.drop());

async function member(): Promise<string> {
  const id = newId('c');
  await database.pool.query(
    `insert into container (id, slot, role, state, incarnation, lease_expires_at) values ($1, $1, 'site', 'ready', 1, now() + interval '1 hour')`, [id]);
  return id;
}
/** A replacement whose run has begun. */
async function replacing(container: string, incident: number | null = null, actor = ACTOR) {
  const { run, successor } = await requestReplaceContainer({ db: database.pool, actor }, { container, incident });
  assert.equal(await claimRun(database.pool, run, 'x'), true);
  return { container, incarnation: 1, successor, incident, run };
}
const slots = async () => (await database.pool.query('select container, state from replacement order by started_at')).rows;

test('fault 16: a paused worker that comes to the slot when its run is over does not take it', async () => {
  const late = await replacing(await member());
  await finishRun(database.pool, late.run, 'failed', { error: { type: 'step-failed', message: 'its workflow was terminated' } });
  await assert.rejects(takeSlot(database.pool, late), (error) => isReeveError(error, 'superseded'));
  assert.deepEqual(await slots(), []);
  const next = await replacing(await member());
  await takeSlot(database.pool, next);
  await takeSlot(database.pool, next);
  await assert.rejects(takeSlot(database.pool, late), (error) => isReeveError(error, 'superseded'));
  assert.deepEqual(await slots(), [{ container: next.container, state: 'running' }]);
});

test('fault 16: nor does one whose slot was given back long ago take it again', async () => {
  const done = await replacing(await member());
  await takeSlot(database.pool, done);
  await endSlot(database.pool, done.run, 'completed', 'replaced');
  await finishRun(database.pool, done.run, 'completed', {});
  await assert.rejects(takeSlot(database.pool, done), (error) => isReeveError(error, 'superseded'));
  assert.deepEqual(await slots(), [{ container: done.container, state: 'completed' }]);
});

test('fault 16: who decided from a lapsed lease, and was paused before acting, does not replace what is heard of again', async () => {
  const container = await member();
  const { id } = await openIncident(database.pool, {
    subject: `container:${container}`, cause: 'lease-lapsed', severity: 'critical', title: 'says nothing any more', container, incarnation: 1, evidence: {},
  });
  const request = () => requestReplaceContainer({ db: database.pool, actor: ACTOR }, { container, incarnation: 1, incident: id });
  await assert.rejects(request, (error) => isReeveError(error, 'conflict') && /is heard of again/.test((error as Error).message));
  await database.pool.query('update container set lease_expires_at = now()');
  assert.ok((await request()).run);
});

test('what was decided long ago is not done when its reason is over: the incident closed, the platform paused, the breaker open', async () => {
  const container = await member();
  const open = async (subject: string, cause: string) => (await openIncident(database.pool, {
    subject, cause, severity: 'critical', title: 'x', evidence: {}, ...(subject === 'platform' ? {} : { container, incarnation: 1 }) })).id;
  const incident = await open(`container:${container}`, 'sites-down');
  const late = await replacing(container, incident);
  const refused = (why: RegExp) => assert.rejects(takeSlot(database.pool, late), (error) => isReeveError(error, 'superseded') && why.test((error as Error).message));
  await pausePlatform({ db: database.pool, actor: ACTOR }, true);
  await refused(/was paused since/);
  await pausePlatform({ db: database.pool, actor: ACTOR }, false);
  const breaker = await open('platform', 'breaker');
  await refused(/the breaker is open/);
  await database.pool.query(`update run set actor = jsonb_set(actor, '{kind}', '"user"') where id = $1`, [late.run]);
  await takeSlot(database.pool, late);
  await endSlot(database.pool, late.run, 'superseded', 'x');
  await closeIncident(database.pool, breaker, 'x');
  await closeIncident(database.pool, incident, 'well again');
  await refused(/is closed/);
  assert.deepEqual(await slots(), [{ container, state: 'superseded' }]);
});

test('while a replacement is only asked for, another one is refused: it would come to a slot that is taken, as if it had been tried', async () => {
  const [one, two] = [await member(), await member()];
  const asked = await requestReplaceContainer({ db: database.pool, actor: ACTOR }, { container: one });
  const other = () => requestReplaceContainer({ db: database.pool, actor: ACTOR }, { container: two });
  const refused = (error: unknown) => isReeveError(error, 'conflict') && error.message === `container ${one} is being replaced: one at a time`;
  await assert.rejects(other, refused);
  assert.equal(await claimRun(database.pool, asked.run, 'x'), true);
  await assert.rejects(other, refused);
  await assert.rejects(requestReplaceContainer({ db: database.pool, actor: ACTOR }, { container: one }), (error) => isReeveError(error, 'busy'));
  await finishRun(database.pool, asked.run, 'failed', {});
  assert.ok((await other()).run);
});
