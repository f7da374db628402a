/** What the judge asks people, and what it makes of their word. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Memory } from '../../src/control/judge/look.ts';
import { decideApproval } from '../../src/database/approvals.ts';
import { ACTOR } from '../workflows/platform.ts';
import { all, database, decisions, end, freshRows, ledger, seen, settings, sites, steady, verdicts } from './judged.ts';

freshRows();

test('in mode approve a person is asked, once, and is not asked any more when it is over', async () => {
  await settings({ mode: 'approve' });
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await end('remediateContainer', 'persists');
  await seen();
  await seen();
  const approvals = await all('select id, kind, subject, state from approval');
  assert.deepEqual(approvals.map(({ kind, subject, state }) => [kind, subject, state]), [['replacement', 'container:c00000000a', 'pending']]);
  assert.deepEqual(await decisions(), ['acted regenerate', 'awaiting-approval replace']);
  await verdicts('up', ['c00000000a'], sites);
  await seen();
  assert.equal((await all('select state from approval'))[0].state, 'rejected');
});

test('what a person has rejected is not asked again', async () => {
  await settings({ mode: 'approve' });
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await end('remediateContainer', 'persists');
  await seen();
  await decideApproval(database.pool, (await all('select id from approval'))[0].id, 'rejected', ACTOR);
  await seen();
  await seen();
  assert.deepEqual(await decisions(), ['acted regenerate', 'awaiting-approval replace', 'refused replace']);
  assert.equal((await all('select 1 from approval')).length, 1);
});

/** A container that fails all its sites, regenerated in vain; then its lease lapses as well. @returns what the judge remembers */
async function twoReasons(): Promise<Memory> {
  await database.pool.query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ('c00000000e', 'e', 'edge', 'ready', 1, 'infinity')`);
  await settings({ mode: 'approve' });
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await end('remediateContainer', 'persists');
  await seen();
  await database.pool.query(`update container set lease_expires_at = now() - interval '1 second' where id = 'c00000000a'`);
  return steady(['c00000000b', 'c00000000c', 'c00000000e']);
}
const approvals = async () => (await all(`select state, (request #>> '{input,incident}')::int as incident from approval order by requested_at`)).map(({ incident, state }) => `${incident} ${state}`);

test('while a person is asked because of one incident, nobody is asked because of another; what is withdrawn is no person’s word', async () => {
  const memory = await twoReasons();
  await seen(memory);
  assert.deepEqual(await approvals(), ['1 pending'], 'the question stands');
  assert.deepEqual((await ledger()).at(-1), { action: 'replace', decision: 'refused', reason: 'a person is being asked to replace it already, because of another incident' });
  // Nobody answers, and then it is asked because of the other.
  await database.pool.query(`update approval set expires_at = now()`);
  await seen(memory);
  assert.deepEqual(await approvals(), ['1 expired', '2 pending']);
});

test('one that was asked for because of what is closed, or of an earlier start, gives way', async () => {
  const memory = await twoReasons();
  await database.pool.query(`update incident set state = 'closed', closed_at = now()`);
  await seen(memory);
  assert.deepEqual(await approvals(), ['1 rejected', '2 pending']);
  await database.pool.query(`update approval set request = jsonb_set(request, '{input,incarnation}', '0') where state = 'pending'`);
  await seen(memory);
  assert.deepEqual(await approvals(), ['1 rejected', '2 rejected', '2 pending']);
});

test('what Reeve withdrew is asked again; what a person has rejected is not', async () => {
  const memory = await twoReasons();
  await database.pool.query(`update approval set state = 'rejected', decided_by = '{"kind": "system", "id": "judge", "name": "It was about an earlier start"}'`);
  await database.pool.query(`update container set lease_expires_at = 'infinity' where id = 'c00000000a'`);
  await seen(memory);
  assert.deepEqual(await approvals(), ['1 rejected', '1 pending']);
  await decideApproval(database.pool, (await all(`select id from approval where state = 'pending'`))[0].id, 'rejected', ACTOR);
  await seen(memory);
  assert.deepEqual(await approvals(), ['1 rejected', '1 rejected']);
  assert.deepEqual((await ledger()).at(-1).reason, 'a person has rejected it');
});
