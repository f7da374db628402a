/** What the judge makes of rows: incidents, the ladder, the ledger. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Memory } from '../../src/control/judge/look.ts';
import { acknowledgeIncident } from '../../src/database/incidents.ts';
import { concludeRun } from '../../src/database/remediations.ts';
import { endSlot, takeSlot } from '../../src/database/replacements.ts';
import { requestReplaceContainer } from '../../src/database/requests/replace-container.ts';
import { claimRun, finishRun } from '../../src/database/run.ts';
import type { ServerAnswer } from '../../src/domain/database-state.ts';
import { ACTOR } from '../workflows/platform.ts';
import { all, containers, database, decisions, end, freshRows, incidents, ledger, runs, seen as look, settings, sites, steady, verdicts, WELL } from './judged.ts';

let server: ServerAnswer;
let traceback: string | null;

freshRows();
beforeEach(() => {
  server = WELL;
  traceback = null;
});

const seen = (memory?: Memory) => look(memory, { server, traceback });

test('a container that fails is regenerated first, replaced when that did not help, and never twice', async () => {
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await seen();
  assert.deepEqual(await incidents(), [{ subject: 'container:c00000000a', cause: 'sites-down', state: 'open', why: null }]);
  assert.deepEqual((await runs()).map(({ type }) => type), ['remediateContainer']);
  await end('remediateContainer', 'persists');
  await seen();
  await seen();
  const [, replacing] = await runs();
  assert.equal(replacing.type, 'replaceContainer');
  assert.deepEqual([replacing.input.container, replacing.input.incarnation], ['c00000000a', 1]);
  await end('replaceContainer', 'failed');
  await seen();
  await seen();
  assert.equal((await runs()).length, 2);
  assert.deepEqual((await ledger()).at(-1).reason, 'it was to be replaced once already: the ladder has ended');
});

test('while a person’s replacement is only asked for, another one is refused, and decided again when that is over', async () => {
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await end('remediateContainer', 'persists');
  const { run } = await requestReplaceContainer({ db: database.pool, actor: ACTOR }, { container: 'c00000000b' });
  await seen();
  assert.deepEqual((await ledger()).at(-1), { action: 'replace', decision: 'refused', reason: 'container c00000000b is being replaced: one at a time' });
  assert.equal(await claimRun(database.pool, run, 'x'), true);
  await finishRun(database.pool, run, 'cancelled', {});
  await seen();
  assert.deepEqual((await runs()).filter(({ type }) => type === 'replaceContainer').map(({ input }) => input.container), ['c00000000b', 'c00000000a']);
});

test('it is closed when verdicts are well again, and its story is told', async () => {
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await end('remediateContainer', 'recovered');
  await verdicts('up', ['c00000000a'], sites);
  await seen();
  assert.deepEqual(await incidents(), [{ subject: 'container:c00000000a', cause: 'sites-down', state: 'closed', why: 'well again' }]);
  const [{ timeline }] = await all('select timeline from incident');
  assert.deepEqual(timeline.map(({ what }: { what: string }) => what), ['opened', 'acted: regenerate', 'closed']);
  assert.deepEqual((await all(`select type from notice where type like 'incident%' order by id`)).map(({ type }) => type), ['incident.opened', 'incident.closed']);
});

test('one that is being replaced is an open incident until that is over, though it is drained before', async () => {
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await end('remediateContainer', 'persists');
  await seen();
  const { id, input } = (await runs()).find(({ type }) => type === 'replaceContainer')!;
  assert.equal(await claimRun(database.pool, id, 'x'), true);
  await takeSlot(database.pool, { ...input, run: id });
  await database.pool.query(`update container set wanted = 'drained' where id = 'c00000000a'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['open']);
  await endSlot(database.pool, id, 'completed', 'replaced');
  await seen();
  assert.deepEqual((await incidents()).map(({ state, why }) => [state, why]), [['closed', 'container is gone']]);
});

test('a site that fails everywhere is the site’s incident, and no container is touched', async () => {
  await verdicts('down', containers, [sites[0]!]);
  await seen();
  await seen();
  assert.deepEqual((await incidents()).map(({ subject, cause }) => [subject, cause]), [[`site:${sites[0]}`, 'down-everywhere']]);
  assert.deepEqual(await runs(), []);
  assert.deepEqual(await ledger(), [{ action: 'none', decision: 'observed', reason: 'the site fails everywhere: no container is at fault' }]);
});

test('the last traceback of a site that fails is asked for until there is one, and kept with the incident, whatever later looks see', async () => {
  await verdicts('down', containers, [sites[0]!]);
  traceback = null;
  await seen();
  assert.equal((await all('select evidence from incident'))[0].evidence.traceback, undefined);
  traceback = `Traceback of ${sites[0]}`;
  await seen();
  traceback = 'a later one';
  await seen();
  const [{ evidence }] = await all('select evidence from incident');
  assert.deepEqual(evidence.traceback, { container: 'c00000000a', site: sites[0], text: `Traceback of ${sites[0]}` });
  assert.equal(evidence.domain, 'site');
});

test('a database that does not answer is one incident', async () => {
  server = 'silent';
  await verdicts('down', containers, sites);
  await seen();
  assert.deepEqual((await incidents()).map(({ subject }) => subject), ['database:local']);
  server = WELL;
  await verdicts('up', containers, sites);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['closed']);
  assert.deepEqual(await runs(), []);
});

test('fault 23: a database without connections is one incident, from the first container that sees it until its sites were heard again', async () => {
  server = { ...WELL, used: 97, holders: [{ role: 'import', count: 90 }] };
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await verdicts('down', containers, sites);
  await seen();
  assert.deepEqual(await incidents(), [{ subject: 'database:local', cause: 'connections-used-up', state: 'open', why: null }]);
  server = WELL;
  await seen();
  assert.equal((await incidents()).length, 1, 'its sites were down a moment ago, and nobody has asked them since');
  await verdicts('up', containers, sites);
  await seen();
  assert.deepEqual((await incidents()).map(({ state, why }) => [state, why]), [['closed', 'well again']]);
  assert.deepEqual(await runs(), []);
  assert.deepEqual(await ledger(), [{ action: 'none', decision: 'observed', reason: 'the database does not answer its sites: restarting containers would not help' }]);
});

test('a site that stays down long after its database is well is the site’s incident', async () => {
  server = 'silent';
  await verdicts('down', containers, [sites[0]!]);
  await seen();
  server = WELL;
  await database.pool.query(`update incident set seen_at = now() - interval '10 minutes'`);
  await seen();
  await seen();
  assert.deepEqual((await incidents()).map(({ subject, state }) => [subject, state]), [['database:local', 'closed'], [`site:${sites[0]}`, 'open']]);
});

test('two containers at once open the breaker: nothing is replaced, and a person is told', async () => {
  await verdicts('down', containers.slice(0, 2), sites);
  await seen();
  assert.deepEqual((await incidents()).map(({ subject }) => subject).sort(), ['container:c00000000a', 'container:c00000000b', 'platform']);
  assert.deepEqual(await runs(), []);
  assert.match((await ledger())[0].reason, /the breaker is open: 2 of 3 containers/);
});

test('a container whose lease has lapsed is replaced at once, when the lapse counts', async () => {
  await database.pool.query(`update container set lease_expires_at = now() - interval '1 second' where id = 'c00000000a'`);
  await seen();
  assert.deepEqual(await incidents(), [], 'a judge that has only just begun says nothing');
  await seen(steady(containers.slice(1)));
  assert.deepEqual((await runs()).map(({ type }) => type), ['replaceContainer']);
  assert.deepEqual((await incidents()).map(({ cause }) => cause), ['lease-lapsed']);
});

test('when all but one of those that opened the breaker are back, it closes, and the one that stays dead is replaced', async () => {
  const set = (what: string, ...ids: string[]) => database.pool.query(`update container set ${what} where id = any($1)`, [ids]);
  await database.pool.query(`insert into container (id, slot, role, state, incarnation, lease_expires_at) values ('c00000000e', 'e', 'edge', 'ready', 1, 'infinity')`);
  await set(`lease_expires_at = now() - interval '1 second'`, 'c00000000a', 'c00000000b');
  await seen(steady(['c00000000c', 'c00000000e']));
  assert.deepEqual((await incidents()).map(({ cause }) => cause).sort(), ['breaker', 'lease-lapsed', 'lease-lapsed']);
  await set(`lease_expires_at = 'infinity'`, 'c00000000b');
  const others = steady(['c00000000b', 'c00000000c', 'c00000000e']);
  await set(`state = 'starting'`, 'c00000000c');
  await seen(others);
  assert.deepEqual(await runs(), [], 'what the slot would refuse is not requested');
  assert.match((await ledger()).at(-1).reason, /the breaker is open/);
  await set(`state = 'ready'`, 'c00000000c');
  await seen(others);
  assert.deepEqual((await incidents()).filter(({ cause }) => cause === 'breaker').map(({ why }) => why), ['fewer things fail at once']);
  await seen(others);
  const [{ id, type, input }] = await runs();
  assert.deepEqual([type, input.container], ['replaceContainer', 'c00000000a']);
  assert.equal(await claimRun(database.pool, id, 'x'), true);
  await takeSlot(database.pool, { ...input, run: id });
});

test('of two that vanish together, the one whose lease lapses first is not replaced either', async () => {
  await database.pool.query(`update container set lease_expires_at = now() - interval '1 second' where id = 'c00000000a'`);
  await database.pool.query(`update container set lease_expires_at = now() + interval '3 seconds' where id = 'c00000000b'`);
  await seen(steady(containers.slice(1)));
  assert.deepEqual(await runs(), []);
  assert.match((await ledger())[0].reason, /1 other containers are not known to be well/);
});

test('paused, or in mode observe, it says what it would do', async () => {
  await verdicts('down', ['c00000000a'], sites);
  await database.pool.query('update platform set paused = true');
  await seen();
  await database.pool.query('update platform set paused = false');
  await settings({ mode: 'observe' });
  await seen();
  assert.deepEqual(await decisions(), ['refused regenerate', 'observed regenerate']);
  assert.deepEqual(await runs(), []);
});

test('a container that a run has is left to that run', async () => {
  await database.pool.query(`insert into run (id, type, subject, input, actor) values ($1, 'drainContainer', 'container:c00000000a', '{}', '{}')`, ['w00000000z']);
  await database.pool.query(`insert into run_lock values ('container:c00000000a', 'exclusive', 'w00000000z')`);
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  assert.deepEqual(await ledger(), [{ action: 'regenerate', decision: 'refused', reason: 'container:c00000000a is busy with run w00000000z' }]);
});

test('an incident of another part is not closed', async () => {
  await database.pool.query(`insert into incident (subject, cause, severity, title) values ('container:c00000000a', 'drift', 'warning', 'x')`);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['open']);
});

test('what was down in a container that is gone, or in an earlier start of one, costs no more than nothing does', async (t) => {
  const asked = async () => {
    const query = t.mock.method(database.pool, 'query');
    await seen();
    query.mock.restore();
    return query.mock.callCount();
  };
  const nothing = await asked();
  await verdicts('down', ['c00000000a'], sites);
  await database.pool.query(`update container set state = 'ended', wanted = 'ended' where id = 'c00000000a'`);
  await verdicts('down', ['c00000000b'], sites);
  await database.pool.query(`update container set incarnation = 2 where id = 'c00000000b'`);
  assert.equal(await asked(), nothing);
});

test('one of another part is closed once its container is gone: nobody looks at that any more', async () => {
  await database.pool.query(`insert into incident (subject, cause, severity, title) values ('container:c00000000a', 'drift', 'warning', 'x'), ('container:c00000000b', 'drift', 'warning', 'x')`);
  await database.pool.query(`update container set wanted = 'ended', state = 'ended' where id = 'c00000000a'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ state, why }) => [state, why]), [['closed', 'container is gone'], ['open', null]]);
});

test('fault 14: what comes back after its incident was closed cools down all the same, and does not last for ever', async () => {
  const failed = async () => {
    await verdicts('down', ['c00000000a'], sites);
    await seen();
  };
  const recovered = async () => {
    const run = (await runs()).at(-1)!;
    assert.equal(await claimRun(database.pool, run.id, 'x'), true);
    await concludeRun(database.pool, run.id, 'recovered');
    await finishRun(database.pool, run.id, 'completed', {});
    await verdicts('up', ['c00000000a'], sites);
    await seen();
  };
  /** Ten minutes, and a little, go by. */
  const cool = () => database.pool.query(`update remediation set at = at - interval '11 minutes', ended_at = ended_at - interval '11 minutes'`);
  await failed();
  await recovered();
  await failed();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['closed', 'open']);
  assert.deepEqual((await ledger()).at(-1), { action: 'none', decision: 'refused', reason: 'it recovered just now: cooling down before the next try' });
  for (let round = 0; round < 2; round++) {
    await cool();
    await failed();
    await recovered();
    await failed();
  }
  await cool();
  await failed();
  assert.deepEqual((await runs()).map(({ type }) => type), ['remediateContainer', 'remediateContainer', 'remediateContainer', 'replaceContainer']);
});

/** Each of these has stored a sweep so long ago, and sweeps this often. */
async function swept(where: readonly string[], ago: string, everySeconds: number): Promise<void> {
  for (const container of where) {
    await database.pool.query(
      `insert into sweep_latest (container, incarnation, slot, stored_at, interval_seconds, hostnames, names, up, slow, down, unknown)
         values ($1, 1, now() - $2::interval, now() - $2::interval, $3, 3, '', 0, 0, 0, 0)
       on conflict (container) do update set stored_at = excluded.stored_at, interval_seconds = excluded.interval_seconds`, [container, ago, everySeconds]);
  }
  await database.pool.query(`update latest_probe set at = now() - interval '1 day'`);
}

test('verdicts count for three of the sweeps that they are from, be these rare', async () => {
  await verdicts('down', ['c00000000a'], sites);
  await swept(containers, '2 hours', 3_600);
  await seen();
  assert.deepEqual((await incidents()).map(({ cause }) => cause), ['sites-down']);
  await swept(containers, '4 hours', 3_600);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['open'], 'what is not known now is no reason to close it');
});

test('the breaker’s incident is not closed because nothing is known any more', async () => {
  await verdicts('down', containers.slice(0, 2), sites);
  await seen();
  await swept(containers, '5 minutes', 30);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['open', 'open', 'open']);
  await database.pool.query(`update container set state = 'starting'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['open', 'open', 'open'], 'nor because all of them start again');
  await database.pool.query(`update container set state = 'ready'`);
  await verdicts('up', containers, sites);
  await seen();
  assert.deepEqual((await incidents()).map(({ state }) => state), ['closed', 'closed', 'closed']);
});

test('a container that has started again is another incident: nothing of the one before is taken for its own', async () => {
  await settings({ mode: 'approve' });
  await verdicts('down', ['c00000000a'], sites);
  await seen();
  await end('remediateContainer', 'persists');
  await seen();
  const [{ id }] = await all('select id from incident');
  await acknowledgeIncident(database.pool, id, ACTOR);
  await database.pool.query(`update container set incarnation = 2 where id = 'c00000000a'`);
  await database.pool.query(`update latest_probe set incarnation = 2 where container = 'c00000000a'`);
  await seen();
  assert.deepEqual((await incidents()).map(({ state, why }) => [state, why]), [['closed', 'the container has started again, as incarnation 2'], ['open', null]]);
  assert.deepEqual((await all('select state from approval')).map(({ state }) => state), ['rejected']);
  assert.deepEqual((await decisions()).at(-1), 'acted regenerate', 'the ladder begins anew with it');
});
