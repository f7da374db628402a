/** Incidents, the ledger, approvals of replacements, the pause, and replacing a container by hand. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { askApproval } from '../../src/database/approvals.ts';
import { closeIncident, openIncident } from '../../src/database/incidents.ts';
import { newId } from '../../src/database/new-id.ts';
import { recordDecision } from '../../src/database/remediations.ts';
import { assertProblem, complete, startApi, SYSTEM, type TestApi } from './harness.ts';

let api: TestApi;
let container: string;
before(async () => { api = await startApi(); });
after(() => api.close());
beforeEach(async () => {
  container = newId('c');
  await pool().query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ($1, $1, 'site', 'ready', 2, now() + interval '1 hour')`, [container]);
});
const pool = () => api.database.pool;

const open = async (cause = 'sites-down') => (await openIncident(pool(), {
  subject: `container:${container}`, cause, severity: 'critical', title: 'it fails', container, incarnation: 2, evidence: { seen: ['a: 500'] },
})).id;
const ask = async (incident: number, incarnation = 2) => await askApproval(pool(), {
  kind: 'replacement', subject: `container:${container}`, by: SYSTEM,
  request: { type: 'replaceContainer', input: { container, incarnation, successor: newId('c'), incident } },
});
const replace = (body?: unknown, id = container) => api.send('POST', `/containers/${id}/replace`, { body });

test('an incident is listed, shown, acknowledged once, and stays open', async () => {
  const id = await open();
  assert.equal(await open(), id, 'seen again is the same one');
  const { body: list } = await api.send('GET', `/incidents?state=open&container=${container}`);
  assert.deepEqual(list.items.map((each: { id: number }) => each.id), [id]);
  const { body } = await api.send('POST', `/incidents/${id}/acknowledge`, { body: { note: 'on it' } });
  assert.deepEqual([body.state, body.acknowledgedBy.name, body.timeline.at(-1).note], ['acknowledged', 'test', 'on it']);
  assert.deepEqual((await api.send('POST', `/incidents/${id}/acknowledge`)).body.timeline.length, body.timeline.length);
  await closeIncident(pool(), id, 'well again');
  assert.equal((await api.send('GET', `/incidents/${id}`)).body.closedWhy, 'well again');
  assertProblem(await api.send('POST', `/incidents/${id}/acknowledge`), 409, 'conflict');
  assertProblem(await api.send('GET', '/incidents/999999'), 404, 'not-found');
  assert.notEqual(await open(), id, 'after it was closed, another one');
});

test('a story keeps its newest fifty entries', async () => {
  const id = await open();
  await pool().query(`update incident set timeline = (select jsonb_agg(jsonb_build_object('at', now(), 'what', n::text) order by n) from generate_series(1, 50) n) where id = $1`, [id]);
  const { body } = await api.send('POST', `/incidents/${id}/acknowledge`);
  assert.deepEqual([body.timeline.length, body.timeline[0].what, body.timeline.at(-1).what], [50, '2', 'acknowledged']);
});

test('the ledger has each decision once, until it changes', async () => {
  const incident = await open();
  const refused = { action: 'replace', decision: 'refused', reason: 'cooling down' } as const;
  for (const _ of [1, 2, 3]) await recordDecision(pool(), refused, { incident, container, incarnation: 2 });
  await recordDecision(pool(), { ...refused, reason: 'paused' }, { incident, container, incarnation: 2 });
  const { body } = await api.send('GET', `/remediations?incident=${incident}`);
  assert.deepEqual(body.items.map(({ reason }: { reason: string }) => reason), ['paused', 'cooling down']);
});

test('a container is replaced by hand, once at a time, and never another incarnation or an edge', async () => {
  const { status, body, headers } = await replace({ reason: 'noisy disk' });
  assert.equal(status, 202);
  assert.match(headers.get('location')!, /\/runs\/w/);
  assert.equal(body.run.type, 'replaceContainer');
  assertProblem(await replace(), 409, 'busy');
  assertProblem(await replace({ incarnation: 1 }), 409, 'conflict');
  assertProblem(await replace(undefined, newId('c')), 404, 'not-found');
  const edge = newId('c');
  await pool().query(`insert into container (id, slot, role, state, incarnation) values ($1, $1, 'edge', 'ready', 1)`, [edge]);
  assertProblem(await replace(undefined, edge), 409, 'conflict');
  const { body: ledger } = await api.send('GET', `/remediations?container=${container}`);
  assert.deepEqual(ledger.items.map(({ action, reason }: { action: string; reason: string }) => [action, reason]), [['replace', 'test asked for it']]);
  await complete(api, body.run.id);
});

test('an approval requests the replacement that it was for', async () => {
  const incident = await open();
  const { status, body } = await api.send('POST', `/approvals/${await ask(incident)}/approve`);
  assert.deepEqual([status, body.state, body.run.type], [202, 'used', 'replaceContainer']);
  const { body: ledger } = await api.send('GET', `/remediations?incident=${incident}`);
  assert.deepEqual(ledger.items.map(({ decision, run }: { decision: string; run: { id: string } }) => [decision, run.id]), [['acted', body.run.id]]);
});

test('a rejected replacement is in the ledger at once, and in the incident’s story with who said so', async () => {
  const incident = await open();
  assert.equal((await api.send('POST', `/approvals/${await ask(incident)}/reject`)).body.state, 'rejected');
  const { body: ledger } = await api.send('GET', `/remediations?incident=${incident}`);
  assert.deepEqual(ledger.items.map(({ action, decision, reason, run }: Record<string, unknown>) => [action, decision, reason, run]),
    [['replace', 'refused', 'a person has rejected it', null]]);
  const { what, by } = (await api.send('GET', `/incidents/${incident}`)).body.timeline.at(-1);
  assert.deepEqual([what, by], ['refused: replace', 'test']);
});

test('an approval that comes too late, or after it is over, replaces nothing', async () => {
  const before = (await pool().query('select 1 from run')).rowCount;
  const incident = await open();
  const expired = await ask(incident);
  await pool().query(`update approval set expires_at = now() - interval '1 second' where id = $1`, [expired]);
  assertProblem(await api.send('POST', `/approvals/${expired}/approve`), 409, 'conflict');
  const stale = await ask(incident, 1);
  assertProblem(await api.send('POST', `/approvals/${stale}/approve`), 409, 'conflict');
  await closeIncident(pool(), incident, 'well again');
  const again = await api.send('POST', `/approvals/${stale}/approve`);
  assertProblem(again, 409, 'conflict');
  assert.equal((await api.send('GET', `/approvals/${stale}`)).body.state, 'rejected');
  assert.equal((await pool().query('select 1 from run')).rowCount, before);
});

test('the platform is paused and resumed, and who did it is written down', async () => {
  for (const [verb, paused] of [['pause', true], ['pause', true], ['resume', false]] as const) {
    assert.equal((await api.send('POST', `/platform/${verb}`)).body.paused, paused);
  }
  const { rows } = await pool().query(`select action from audit where subject = 'platform' and action in ('platform.paused', 'platform.resumed') order by id`);
  assert.deepEqual(rows.map(({ action }) => action), ['platform.paused', 'platform.resumed']);
});

test('settings have defaults, keep what is not named, and may not contradict each other', async () => {
  const { body } = await api.send('GET', '/settings');
  assert.deepEqual(body.remediation, { mode: 'auto', perHour: 4, floor: 1, breakerContainers: 2, breakerPercent: 20, cooldownMinutes: 10 });
  const set = (remediation: unknown) => api.send('PATCH', '/settings', { body: { remediation }, headers: { 'if-match': '*' } });
  assert.equal((await set({ mode: 'approve' })).body.remediation.perHour, 4);
  const refused = await set({ perHour: 0 });
  assertProblem(refused, 422, 'invalid');
  assert.deepEqual(refused.body.errors.map(({ path }: { path: string }) => path), ['remediation.perHour']);
  assertProblem(await set({ cooldownMinutes: 60 }), 422, 'invalid');
  const never = await set({ floor: 1_000 });
  assertProblem(never, 422, 'invalid');
  assert.deepEqual(never.body.errors.map(({ path }: { path: string }) => path), ['remediation.floor']);
  assert.match(never.body.detail, /is 1000, and there are 10 containers at most: none would ever be replaced/);
  assertProblem(await api.send('PATCH', '/settings', { body: { scaling: { mode: 'on', max: 3 }, remediation: { floor: 3 } }, headers: { 'if-match': '*' } }), 422, 'invalid');
  assert.equal((await set({ mode: 'observe', perHour: 0 })).status, 200);
});
