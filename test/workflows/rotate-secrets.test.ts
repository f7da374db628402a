/** Whatever fails while a site's secrets are rotated, one version of them is whole: what is rendered is also let in. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readStragglers } from '../../src/database/runs/convergence.ts';
import { type TestControl, testControl } from './control.ts';
import { KINDS, type Kind } from './faults.ts';
import { type Member, startMember } from './member.ts';
import { ended, request, requestSite, until } from './platform.ts';

let platform: TestControl;
let members: Member[];
before(async () => {
  platform = await testControl();
  members = await Promise.all([startMember(platform), startMember(platform)]);
});
after(async () => {
  await Promise.all((members ?? []).map((member) => member.stop()));
  await platform?.close();
});

async function newSite(): Promise<string> {
  const { site, run } = await requestSite(platform.pool);
  assert.equal((await ended(platform.pool, run)).state, 'completed');
  return site;
}
const versionOf = async (site: string): Promise<number> => (await platform.pool.query('select secret_version from site where id = $1', [site])).rows[0].secret_version;
/** Versions that are let in, of those that were made by rotating. */
const letIn = async (site: string): Promise<string[]> => (await platform.pool.query<{ part: string }>(
  `select part from made where site = $1 and part like '% v%' order by part`, [site])).rows.map(({ part }) => part);
async function rotate(site: string, activity = '-', kind: Kind = 'repeats') {
  return await ended(platform.pool, await request(platform.pool, 'rotateSecrets', { site }, (id) => platform.at.plan(id, activity, kind)), 120_000);
}

test('rotated, a site has the next version alone', async () => {
  const site = await newSite();
  const run = await rotate(site);
  assert.equal(run.state, 'completed', JSON.stringify(run.error));
  assert.deepEqual((run.result as { heldBack: string[] }).heldBack, []);
  assert.deepEqual([await versionOf(site), await letIn(site)], [2, ['key v2', 'login v2']]);
  assert.equal((await rotate(site)).state, 'completed');
  assert.deepEqual([await versionOf(site), await letIn(site)], [3, ['key v3', 'login v3']]);
});

const EARLY = ['letIntoDatabase', 'letIntoStore'];
const STEPS = ['confirmRotatable', ...EARLY, 'publishSecrets', 'converge', 'retireSecrets'];

/** The version that must be rendered afterwards. */
function versionAfter(activity: string, kind: Kind): number {
  if (kind === 'repeats') return 2;
  if (activity === 'confirmRotatable' || EARLY.includes(activity)) return 1;
  return activity === 'publishSecrets' && kind === 'fails before' ? 1 : 2;
}

test('whatever fails at whichever step, what is rendered is let in', { concurrency: 8 }, async (t) => {
  await Promise.all(STEPS.flatMap((activity) => KINDS.map((kind) => t.test(`${activity} ${kind}`, async () => {
    const site = await newSite();
    const run = await rotate(site, activity, kind);
    const version = await versionOf(site);
    assert.equal(version, versionAfter(activity, kind), `${run.state}: ${JSON.stringify(run.error)}`);
    // The first version's parts are the site's own, which nothing here may drop.
    assert.deepEqual(await letIn(site), version === 1 ? [] : ['key v2', 'login v2']);
    const { rows } = await platform.pool.query('select 1 from run_lock where run = $1', [run.id]);
    assert.deepEqual(rows, [], 'no lock is left');
  }))));
});

test('a container that is cut off with the former version holds it back, and is named', async () => {
  const site = await newSite();
  assert.equal((await rotate(site)).state, 'completed');
  const [lagging] = members;
  const late = async () => {
    const run = await rotate(site);
    assert.equal(run.state, 'completed', JSON.stringify(run.error));
    assert.deepEqual((run.result as { heldBack: string[] }).heldBack, [lagging!.container]);
  };
  lagging!.lags = true;
  // Nobody waits for it: what it serves is unknown.
  await platform.pool.query(`update container set state = 'draining' where id = $1`, [lagging!.container]);
  await late();
  assert.deepEqual(await letIn(site), ['key v2', 'key v3', 'login v2', 'login v3']);

  await platform.pool.query(`update container set state = 'ended' where id = $1`, [lagging!.container]);
  assert.equal((await rotate(site)).state, 'completed');
  assert.deepEqual([await versionOf(site), await letIn(site)], [4, ['key v4', 'login v4']]);
});

/** One serves the former version until the time of requests is over, and follows just before that. */
async function followsLate(site: string, retires: (input: unknown) => boolean, rotating: () => Promise<string>): Promise<string[]> {
  const { pool, at } = platform;
  const late = await startMember(platform);
  try {
    late.lags = true;
    await pool.query(`update container set state = 'draining' where id = $1`, [late.container]);
    at.planFor(retires, 'retireSecrets', 'hangs');
    const run = await rotating();
    await until('its time to be over', async () => at.happened(run) > 0);
    late.lags = false;
    await pool.query(`notify reeve, '{}'`);
    await until('it to follow', async () => (await readStragglers(pool, site)).length === 0).finally(() => at.release(run));
    const { state, result, error } = await ended(pool, run);
    assert.equal(state, 'completed', JSON.stringify(error));
    return (result as { heldBack: string[] }).heldBack.filter((each) => each === late.container);
  } finally {
    await late.stop();
  }
}

test('one that follows just before the time of requests is over holds the former version back, since its own go on', async () => {
  const { pool, at } = platform;
  const site = await newSite();
  assert.equal((await rotate(site)).state, 'completed');
  const ofSite = (input: unknown) => (input as { site: string }).site === site;
  assert.equal((await followsLate(site, ofSite, () => request(pool, 'rotateSecrets', { site }))).length, 1);
  assert.deepEqual(await letIn(site), ['key v2', 'key v3', 'login v2', 'login v3']);

  // The same where a rotation that was cut off is settled.
  const held = await followsLate(site, ofSite, async () => {
    const cut = await request(pool, 'rotateSecrets', { site }, (id) => at.plan(id, 'publishSecrets', 'is terminated'));
    assert.equal((await ended(pool, cut)).state, 'failed');
    return await until('what settles it', async () => (await pool.query<{ id: string }>(`select id from run where input ->> 'of' = $1`, [cut])).rows[0]?.id);
  });
  assert.equal(held.length, 1);
  assert.ok((await letIn(site)).includes('login v3'));
});
