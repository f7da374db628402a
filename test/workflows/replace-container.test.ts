/** Replacing a container, whatever fails: either the new one has its place, or the old one stays and nothing is left. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { closeIncident, openIncident } from '../../src/database/incidents.ts';
import { newId } from '../../src/database/new-id.ts';
import { transaction } from '../../src/database/pool.ts';
import { concludeOrphans, recordDecision } from '../../src/database/remediations.ts';
import { endSlot } from '../../src/database/replacements.ts';
import { requestReplaceContainer } from '../../src/database/requests/replace-container.ts';
import { requestRun } from '../../src/database/run.ts';
import { newRequest } from '../../src/database/runs/request.ts';
import { runsToSettle } from '../../src/database/runs/overdue.ts';
import { type TestControl, testControl } from './control.ts';
import type { Kind } from './faults.ts';
import { type Member, startMember } from './member.ts';
import { ACTOR, ended, request, requestBinding, requestSite, until } from './platform.ts';

let platform: TestControl;
let successor: Member;
before(async () => {
  platform = await testControl();
  successor = await startMember(platform);
  const { run } = await requestSite(platform.pool);
  await ended(platform.pool, run);
});
after(async () => {
  await successor?.stop();
  await platform?.close();
});
// Tests stand alone: what one left running would hold the only slot.
afterEach(async () => {
  const { rows } = await platform.pool.query(`select 1 from replacement where state = 'running' union all select 1 from run_lock`);
  assert.deepEqual(rows, [], 'no slot and no lock is left');
});

async function suspect(): Promise<string> {
  const container = newId('c');
  await platform.pool.query(`insert into container (id, slot, role, state, incarnation) values ($1, $1, 'site', 'ready', 3)`, [container]);
  return container;
}

/** A replacement by the member of this file: its launch does nothing here. */
async function replace(container: string, fault?: { at: string; kind: Kind }, incident: number | null = null) {
  const run = await request(platform.pool, 'replaceContainer', { container, incarnation: 3, successor: successor.container, incident },
    (id) => fault && platform.at.plan(id, fault.at, fault.kind));
  const row = await ended(platform.pool, run);
  const { rows: [slot] } = await platform.pool.query('select state, result from replacement where container = $1', [container]);
  const { rows: [old] } = await platform.pool.query('select wanted from container where id = $1', [container]);
  return { run: row, slot, old };
}

test('the new one first, then the old one goes', async () => {
  const { run, slot } = await replace(await suspect());
  assert.deepEqual([run.state, run.result], ['completed', { successor: successor.container }]);
  assert.deepEqual(slot, { state: 'completed', result: `replaced by ${successor.container}` });
  const { rows } = await platform.pool.query('select name from run_step where run = $1 order by started_at, name', [run.id]);
  assert.deepEqual(rows.map(({ name }) => name), ['claim', 'takeReplacementSlot', 'launch', 'awaitReady', 'probeSuccessor', 'drain', 'end', 'completeReplacement']);
});

for (const [at, kind] of [['launch', 'fails after'], ['awaitReady', 'fails before'], ['planSuccessorProbe', 'fails before'], ['confirmReplaceable', 'is cancelled']] as const) {
  test(`fault 15: when ${at} ${kind}, the old one stays, and the slot says that it failed`, async () => {
    const { run, slot, old } = await replace(await suspect(), { at, kind });
    assert.equal(run.state, 'compensated', JSON.stringify(run.error));
    assert.deepEqual([slot.state, old.wanted], ['failed', 'running']);
  });
}

/** The containers that were ended, as they are; and what else is to happen once a step was done. */
function watchEnds(onDone: (activity: string) => Promise<unknown>): string[] {
  const gone: string[] = [];
  platform.at.onDone = async (activity, input) => {
    if (activity === 'end') gone.push((input as { container: string }).container);
    await onDone(activity);
  };
  return gone;
}
const startsAnew = (container: string) => platform.pool.query('update container set incarnation = incarnation + 1 where id = $1', [container]);
const isDrained = (container: string) => platform.pool.query(`update container set wanted = 'drained' where id = $1`, [container]);

test('one that starts anew before it is told to go stays: the new one is ended, and that is no failed replacement', async (t) => {
  t.after(() => { platform.at.onDone = () => {}; });
  const container = await suspect();
  const gone = watchEnds(async (activity) => activity === 'confirmReplaceable' && await startsAnew(container));
  const { run, slot, old } = await replace(container);
  assert.deepEqual([run.state, slot.state, old.wanted, gone], ['superseded', 'superseded', 'running', [successor.container]]);
});

test('one that starts anew since it was told to go is replaced all the same', async (t) => {
  t.after(() => { platform.at.onDone = () => {}; });
  const container = await suspect();
  const gone = watchEnds(async (activity) => {
    if (activity === 'drain') await isDrained(container).then(() => startsAnew(container));
  });
  const { run, slot, old } = await replace(container);
  // Housekeeping ends it: see there.
  assert.deepEqual([run.state, slot.state, old.wanted, gone], ['completed', 'completed', 'drained', []]);
});

test('where telling it to go fails though it had been told, the new one stays, and what settles the run says so', async (t) => {
  t.after(() => { platform.at.onDone = () => {}; });
  const container = await suspect();
  const gone = watchEnds(async (activity) => activity === 'drain' && await isDrained(container).then(() => startsAnew(container)));
  const { run } = await replace(container, { at: 'drain', kind: 'repeats' });
  assert.equal(run.state, 'failed');
  assert.match(run.error!.message, /not undone: confirmStays: container c\w+ was told to go/);
  // As housekeeping asks.
  const input = (await runsToSettle(platform.pool)).find(({ of }) => of === run.id);
  assert.equal((await ended(platform.pool, await request(platform.pool, 'settleRun', input!))).state, 'completed');
  const { rows: [slot] } = await platform.pool.query('select state from replacement where container = $1', [container]);
  assert.deepEqual([slot.state, gone.includes(successor.container)], ['completed', false]);
});

for (const [at, state, result, told, wanted, anew] of [
  ['takeReplacementSlot', 'failed', /did not take its place$/, 'not replaced', 'running', false],
  ['takeReplacementSlot', 'failed', /did not take its place$/, 'not replaced', 'running', true],
  ['end', 'completed', /^replaced by c/, 'replaced', 'drained', false],
  ['drain', 'completed', /^replaced by c/, 'replaced', 'drained', true],
] as const) {
  test(`cut off once ${at} was done${anew ? ' and it had started anew' : ''}, its slot is ${state} when it is settled, not before, and the incident says so`, async (t) => {
    const { pool, at: faults } = platform;
    const container = await suspect();
    const { id } = await openIncident(pool, {
      subject: `container:${container}`, cause: 'sites-down', severity: 'critical', title: 'x', container, incarnation: 3, evidence: {} });
    const { rows: [{ id: decision }] } = await pool.query(
      `insert into remediation (incident, container, incarnation, action, decision, reason) values ($1, $2, 3, 'replace', 'acted', 'x') returning id`, [id, container]);
    // Nothing is drained here but in the rows.
    const gone = watchEnds(async (activity) => {
      if (activity === 'drain') await isDrained(container);
      if (activity === at && anew) await startsAnew(container);
    });
    t.after(() => { faults.onDone = () => {}; });
    const cut = await request(pool, 'replaceContainer', { container, incarnation: 3, successor: successor.container, incident: id }, (run) => {
      faults.plan(run, at, 'is terminated');
      faults.planFor((input) => (input as { of?: string }).of === run, 'settleReplacement', 'hangs');
    });
    await pool.query('update remediation set run = $1 where id = $2', [cut, decision]);
    assert.equal((await ended(pool, cut)).state, 'failed');
    const settling = await until('it to be settled, but for the slot', async () => {
      const { rows: [run] } = await pool.query<{ id: string }>(`select id from run where input ->> 'of' = $1`, [cut]);
      return run && faults.happened(run.id) > 0 ? run.id : null;
    });
    const slot = async () => (await pool.query('select state, result from replacement where container = $1', [container])).rows[0];
    // As the judge does at each look: a slot that is given back now would let it close the incident, or replace another one.
    await concludeOrphans(pool);
    assert.equal((await slot()).state, 'running');
    faults.release(settling);
    assert.equal((await ended(pool, settling)).state, 'completed');
    assert.equal((await slot()).state, state);
    assert.match((await slot()).result, result);
    const { rows: [incident] } = await pool.query('select timeline from incident where id = $1', [id]);
    // The judge looks too, and closes what is about a container that is gone.
    const story = incident.timeline.map(({ what }: { what: string }) => what).filter((what: string) => what !== 'closed');
    assert.deepEqual(story.slice(-2), ['replacing', told]);
    const { rows: [after] } = await pool.query('select m.result, c.wanted from remediation m join container c on c.id = m.container where m.id = $1', [decision]);
    assert.deepEqual(after, { result: state, wanted });
    assert.equal(gone.includes(successor.container), state === 'failed');
  });
}

test('one that comes up but does not serve well is not taken', async () => {
  successor.judge = () => 'answered 500';
  const { run, slot, old } = await replace(await suspect());
  successor.judge = () => null;
  assert.deepEqual([run.state, slot.state, old.wanted], ['compensated', 'failed', 'running']);
  assert.match(run.error!.message, /does not serve well: .*answered 500/);
});

test('one that has recovered meanwhile is not replaced, and that is no failed replacement', async () => {
  const container = await suspect();
  const { id } = await openIncident(platform.pool, {
    subject: `container:${container}`, cause: 'sites-down', severity: 'critical', title: 'x', container, incarnation: 3, evidence: {} });
  successor.judge = async () => {
    await closeIncident(platform.pool, id, 'well again');
    return null;
  };
  await platform.pool.query('update container set admitted_at = null where id = $1', [successor.container]);
  const { run, slot, old } = await replace(container, undefined, id);
  successor.judge = () => null;
  assert.deepEqual([run.error?.type, slot.state, old.wanted], ['superseded', 'superseded', 'running']);
  const { rows: [{ admitted_at }] } = await platform.pool.query('select admitted_at from container where id = $1', [successor.container]);
  assert.equal(admitted_at, null, 'no visitor was sent to one that is not to stay');
});

test('a container that joins is probed before any visitor is sent to it; one that does not serve well is never sent one', async () => {
  const { container } = successor;
  const isMember = async () => (await platform.pool.query('select 1 from member_v1 where id = $1', [container])).rowCount === 1;
  const join = async () => {
    await platform.pool.query('update container set admitted_at = null where id = $1', [container]);
    return await ended(platform.pool, await request(platform.pool, 'launchContainer', { container, slot: container }));
  };
  const seen: boolean[] = [];
  successor.judge = async () => {
    seen.push(await isMember());
    return 'answered 500';
  };
  const refused = await join();
  assert.deepEqual([refused.state, await isMember()], ['compensated', false]);
  assert.match(refused.error!.message, /does not serve well: .*answered 500/);
  successor.judge = async () => {
    seen.push(await isMember());
    return null;
  };
  assert.equal((await join()).state, 'completed');
  successor.judge = () => null;
  assert.equal(await isMember(), true);
  assert.ok(seen.length > 1 && seen.every((was) => !was));
});

test('an alias that is broken in every container keeps no other one out, and one that is broken in the new one alone does', async () => {
  const { pool } = platform;
  const [standing, joining] = [await startMember(platform), await startMember(platform)];
  try {
    const { rows: [{ site }] } = await pool.query(`select site from hostname where phase = 'bound'`);
    const alias = 'broken.example.org';
    await ended(pool, await requestBinding(pool, { site, hostname: alias, role: 'alias' }));
    joining.judge = ({ hostname }) => (hostname === alias ? 'answered 500' : null);
    const join = async (verdict: string) => {
      await pool.query(
        `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, at, since) values ($1, $2, $3, 1, $4, 'deep', now(), now())
         on conflict (container, hostname) do update set verdict = $4`, [standing.container, alias, site, verdict]);
      return (await ended(pool, await request(pool, 'launchContainer', { container: joining.container, slot: joining.container }))).state;
    };
    assert.deepEqual([await join('down'), await join('up')], ['completed', 'compensated']);
  } finally {
    await pool.query('delete from latest_probe');
    await standing.stop();
    await joining.stop();
  }
});

test('each step may be done twice', async () => {
  for (const at of ['takeReplacementSlot', 'completeReplacement']) {
    const { run, slot } = await replace(await suspect(), { at, kind: 'repeats' });
    assert.deepEqual([run.state, slot.state], ['completed', 'completed'], at);
  }
});

test('another incarnation is not replaced: who was meant is gone', async () => {
  const container = await suspect();
  await platform.pool.query('update container set incarnation = 4 where id = $1', [container]);
  const { run, slot, old } = await replace(container);
  assert.deepEqual([run.error!.type, slot, old.wanted], ['superseded', undefined, 'running']);
});

test('while one is being replaced, another is refused', async () => {
  const [one, two] = [await suspect(), await suspect()];
  await platform.pool.query(`insert into replacement (container, incarnation, run) values ($1, 3, null)`, [one]);
  await assert.rejects(requestReplaceContainer({ db: platform.pool, actor: ACTOR }, { container: two }), /is being replaced: one at a time/);
  const { run } = await replace(two);
  assert.match(run.error!.message, /is being replaced: one at a time/);
  await platform.pool.query('delete from replacement where container = $1', [one]);
});

/** What the ledger says that a replacement for an incident came to. */
async function toldOf(container: string, fault?: { at: string; kind: Kind }, begun: (run: string) => void = () => {}): Promise<string> {
  const { pool, at } = platform;
  const { id } = await openIncident(pool, {
    subject: `container:${container}`, cause: 'sites-down', severity: 'critical', title: 'x', container, incarnation: 3, evidence: {} });
  const asked = newRequest('replaceContainer', { container, incarnation: 3, successor: successor.container, incident: id });
  if (fault) at.plan(asked.id, fault.at, fault.kind);
  begun(asked.id);
  await transaction(pool, 'begin', async (client) => {
    await requestRun(client, asked, ACTOR);
    await recordDecision(client, { action: 'replace', decision: 'acted', reason: 'x' }, { incident: id, container, incarnation: 3, run: asked.id });
  });
  await ended(pool, asked.id);
  const { rows: [{ result }] } = await pool.query('select result from remediation where run = $1', [asked.id]);
  return result;
}

test('one that never had the slot has done nothing: the ladder goes on', async () => {
  const [one, two] = [await suspect(), await suspect()];
  await platform.pool.query(`insert into replacement (container, incarnation, run) values ($1, 3, null)`, [one]);
  assert.equal(await toldOf(two), 'superseded');
  await platform.pool.query('delete from replacement where container = $1', [one]);
});

test('one whose slot was given back by a worker that died then has failed, though the platform is paused since', async (t) => {
  const { pool, at } = platform;
  const pause = (paused: boolean) => pool.query('update platform set paused = $1', [paused]);
  t.after(async () => { at.onDone = () => {}; await pause(false); });
  let run = '';
  at.onDone = async (activity) => {
    if (activity !== 'awaitReady') return;
    await endSlot(pool, run, 'failed', 'x');
    await pause(true);
  };
  assert.equal(await toldOf(await suspect(), { at: 'planSuccessorProbe', kind: 'fails before' }, (id) => { run = id; }), 'failed');
});

/** Something fails in one container, and a second one is there to be asked. */
async function remediate({ second, here = () => null, mends = false, meanwhile = () => {} }: {
  second?: Member; here?: Member['judge']; mends?: boolean; meanwhile?: () => void;
}) {
  const broken = await startMember(platform);
  try {
    let ill = true;
    broken.onRestart = (sites) => {
      ill = ill && !mends;
      meanwhile();
      return sites.map((site) => ({ site: site as never, was: 'no answer', now: null }));
    };
    broken.judge = async (target, site) => (ill ? await here(target, site) : null);
    if (second === undefined) await platform.pool.query(`update container set state = 'draining' where id = $1`, [successor.container]);
    const { rows } = await platform.pool.query<{ site: string; hostname: string }>(`select site, hostname from hostname where phase = 'bound'`);
    for (const { site, hostname } of rows) {
      await platform.pool.query(
        `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, at, since) values ($1, $2, $3, 1, 'down', 'deep', now(), now())`,
        [broken.container, hostname, site]);
    }
    const { rows: [incident] } = await platform.pool.query<{ id: number }>(
      `insert into incident (subject, cause, severity, title) values ('container:' || $1, 'test', 'critical', 'x') returning id`, [broken.container]);
    const run = await ended(platform.pool, await request(platform.pool, 'remediateContainer', { container: broken.container, incarnation: 1, incident: incident!.id }));
    const { rows: [{ timeline }] } = await platform.pool.query('select timeline from incident where id = $1', [incident!.id]);
    return { result: run.result, asked: broken.restarted, timeline: timeline as { what: string; elsewhere?: { container: string; bad: string[] } }[] };
  } finally {
    await platform.pool.query(`update container set state = 'ready' where id = $1`, [successor.container]);
    await platform.pool.query('delete from latest_probe');
    await broken.stop();
  }
}
const what = ({ timeline }: { timeline: readonly { what: string }[] }) => timeline.map((each) => each.what);

test('what is well when it is asked again is left alone', async () => {
  const found = await remediate({ second: successor });
  assert.deepEqual([found.result, found.asked], [{ result: 'recovered' }, []]);
  assert.deepEqual(what(found), ['probed again', 'well when it was probed again']);
});

test('what fails here and is well in a second container is regenerated, and its vassals are started anew', async () => {
  const mended = await remediate({ second: successor, here: () => 'answered 500', mends: true });
  assert.deepEqual(mended.result, { result: 'recovered' });
  assert.equal(mended.asked.length, 1);
  assert.deepEqual(what(mended), ['probed again', 'vassals started anew', 'regenerated: recovered']);
  assert.deepEqual([mended.timeline[0]!.elsewhere!.container, mended.timeline[0]!.elsewhere!.bad], [successor.container, []]);
  assert.deepEqual((await remediate({ second: successor, here: () => 'answered 500' })).result, { result: 'persists' });
});

test('what fails in a second container too is no container’s fault: nothing is touched', async () => {
  successor.judge = () => 'answered 500';
  const found = await remediate({ second: successor, here: () => 'answered 500' });
  successor.judge = () => null;
  assert.deepEqual([found.result, found.asked], [{ result: 'elsewhere-too' }, []]);
  assert.deepEqual(what(found), ['probed again', 'fails in another container too']);
});

test('what begins to fail in the second one too while it is regenerated is no reason to replace it', async () => {
  const found = await remediate({ second: successor, here: () => 'answered 500', meanwhile: () => { successor.judge = () => 'answered 500'; } });
  successor.judge = () => null;
  assert.deepEqual(found.result, { result: 'recovered' });
});

test('without a second container to ask, nothing is confirmed', async () => {
  assert.deepEqual((await remediate({ here: () => 'answered 500' })).result, { result: 'unconfirmed' });
});
