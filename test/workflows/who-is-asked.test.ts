/** Which hostnames a container is judged by when it joins, and when what fails in it is looked at again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remediationActivities } from '../../activities/platform/remediation.ts';
import { replacementActivities } from '../../activities/platform/replacement.ts';
import { commitChange } from '../../src/database/change.ts';
import { openIncident } from '../../src/database/incidents.ts';
import { containers, database, freshRows, sites, verdicts } from '../control/judged.ts';
import { ACTOR } from './platform.ts';

freshRows();
/** All have followed what was committed by then. */
const follow = () => database.pool.query('update container set observed_generation = platform.generation from platform');

const [A, B, C] = containers as [string, string, string];
const JOINING = 'c00000000j';

async function bind(site: string, role: 'primary' | 'alias', hostname: string): Promise<void> {
  await commitChange(database.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [{ table: 'hostname', op: 'insert', values: { hostname, site, role, phase: 'bound' } }] });
}

async function says(container: string, hostname: string, site: string, verdict: string): Promise<void> {
  await database.pool.query(
    `insert into latest_probe (container, hostname, site, incarnation, verdict, kind, at, since) values ($1, $2, $3, 1, $4, 'deep', now(), now())
     on conflict (container, hostname) do update set verdict = $4`, [container, hostname, site, verdict]);
}

const asked = ({ sites: of }: { sites: readonly { hostnames: readonly { hostname: string }[] }[] }) =>
  of.flatMap(({ hostnames }) => hostnames.map(({ hostname }) => hostname.split('.')[0]));

/** Hostnames, without `.localhost`. */
async function askedOfJoining(): Promise<(string | undefined)[]> {
  await database.pool.query(
    `insert into container (id, slot, role, state, incarnation, lease_expires_at, observed_generation)
     select $1, $1, 'site', 'ready', 1, 'infinity', generation from platform on conflict do nothing`, [JOINING]);
  return asked(await replacementActivities(database).planJoiningProbe({ container: JOINING }));
}

test('a hostname that is broken in every container is not asked of one that joins; one that is well somewhere is, and one that nobody knows', async () => {
  for (const alias of ['broken', 'half', 'fresh']) await bind(sites[0]!, 'alias', `${alias}.localhost`);
  for (const [at, container] of containers.entries()) {
    await says(container, 'broken.localhost', sites[0]!, 'down');
    await says(container, 'half.localhost', sites[0]!, at === 0 ? 'slow' : 'down');
    await says(container, 'fresh.localhost', sites[0]!, 'unknown');
  }
  await verdicts('down', containers, [sites[1]!]);
  assert.deepEqual(await askedOfJoining(), [sites[0], 'fresh', 'half', sites[2]]);
});

for (const [what, sql] of [
  ['is another start by now', 'incarnation = 2'], ['is to go', `wanted = 'drained'`], ['does not serve', `state = 'draining'`],
  ['is not heard of', `lease_expires_at = now() - interval '1 second'`],
] as const) {
  test(`what was well in a container that ${what} says nothing against those that run`, async () => {
    await verdicts('down', [B, C], [sites[0]!]);
    assert.deepEqual(await askedOfJoining(), sites);
    await database.pool.query(`update container set ${sql} where id = $1`, [A]);
    assert.deepEqual(await askedOfJoining(), sites.slice(1));
  });
}

test('nor is one that joins asked for what came since it was last heard of, or what it still starts', async () => {
  assert.deepEqual(await askedOfJoining(), sites);
  await bind(sites[0]!, 'alias', 'late.localhost');
  await commitChange(database.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: [{ table: 'site', op: 'update', key: { id: sites[1] }, values: { name: 'changed' } }] });
  await database.pool.query(`update container set waiting_on = $2 where id = $1`, [JOINING, JSON.stringify([{ on: 'vassal', site: sites[2], message: 'starts' }])]);
  assert.deepEqual(await askedOfJoining(), [sites[0]]);
  await database.pool.query(`update container set waiting_on = '[]', observed_generation = platform.generation from platform where id = $1`, [JOINING]);
  assert.deepEqual(await askedOfJoining(), [sites[0], 'late', sites[1], sites[2]]);
});

test('one that joins excuses nothing by its own word', async () => {
  await verdicts('down', [JOINING], sites);
  await database.pool.query(`delete from latest_probe where container <> $1`, [JOINING]);
  assert.deepEqual(await askedOfJoining(), sites);
});

/** More of them than are asked, with more hostnames each than others have. */
async function fiveBrokenEverywhere(): Promise<string[]> {
  const ids = ['a', 'b', 'c', 'd', 'e'].map((last) => `s00000000${last}`);
  await commitChange(database.pool, { actor: ACTOR, type: 'test', metadata: {}, writes: ids.map((id) => (
    { table: 'site', op: 'insert', values: { id, name: id, phase: 'live', database_server: 'local' } } as const)) });
  for (const id of ids) {
    for (const hostname of [`${id}.localhost`, `${id}-2.localhost`]) {
      await bind(id, hostname.includes('-2') ? 'alias' : 'primary', hostname);
      for (const container of containers) await says(container, hostname, id, 'down');
    }
  }
  return ids;
}

/** @param site  of an incident of one site alone */
async function planned(site?: string) {
  const { id: incident } = await openIncident(database.pool, {
    subject: `container:${A}`, cause: site ? `site-down:${site}` : 'sites-down', severity: 'warning', title: 'x', container: A, incarnation: 1, evidence: {},
    ...(site ? { site } : {}) });
  await follow();
  const plan = await remediationActivities(database).planRemediation({ container: A, incarnation: 1, incident });
  return { asked: plan.sites.map(({ site: each }) => each), failing: plan.failing, second: plan.second?.container };
}

test('the site that the incident is about is asked first, whatever else fails there; what fails everywhere is not asked', async () => {
  await fiveBrokenEverywhere();
  await verdicts('down', [A], [sites[2]!]);
  assert.deepEqual(await planned(sites[2]), { asked: [sites[2], sites[0], sites[1]], failing: [sites[2]], second: B });
});

test('it is asked in a container where it is well, and also where it is down in all by now', async () => {
  await verdicts('down', [A, B], [sites[2]!]);
  await verdicts('down', [A], sites.slice(0, 2));
  assert.deepEqual(await planned(sites[2]), { asked: [sites[2], sites[0], sites[1]], failing: [sites[2], sites[0], sites[1]], second: C });
  await verdicts('down', [C], [sites[2]!]);
  assert.deepEqual((await planned(sites[2])).asked, [sites[2], sites[0], sites[1]]);
});

test('of a container that fails many sites, those are asked that are well elsewhere', async () => {
  await fiveBrokenEverywhere();
  await verdicts('down', [A], sites.slice(1));
  await verdicts('unknown', [B, C], [sites[1]!]);
  assert.deepEqual(await planned(), { asked: [sites[2], sites[1], sites[0]], failing: [sites[2], sites[1]], second: B });
});

test('where all that failed fails elsewhere by now, that is what is asked', async () => {
  const broken = await fiveBrokenEverywhere();
  assert.deepEqual(await planned(), { asked: broken, failing: broken, second: B });
});

test('what an earlier start of it failed is not what fails now', async () => {
  await verdicts('down', [A], [sites[1]!]);
  await database.pool.query('update latest_probe set incarnation = 0 where container = $1', [A]);
  assert.deepEqual((await planned()).failing, []);
});

test('an alias that is broken everywhere does not make its site one that fails elsewhere too', async () => {
  await bind(sites[0]!, 'alias', 'broken.localhost');
  for (const container of containers) await says(container, 'broken.localhost', sites[0]!, 'down');
  await verdicts('down', [A], [sites[0]!]);
  await follow();
  assert.deepEqual(asked(await remediationActivities(database).planRemediation({ container: A, incarnation: 1, incident: null })), sites);
});
