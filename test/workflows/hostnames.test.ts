import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commitChange } from '../../src/database/change.ts';
import { isReeveError } from '../../src/domain/errors.ts';
import { type TestControl, testControl } from './control.ts';
import { type DnsServer, startDns } from './dns.ts';
import { type Member, startMember } from './member.ts';
import { ACTOR, ended, request, requestBinding, requestSite } from './platform.ts';

let platform: TestControl;
let members: Member[];
let dns: DnsServer;
let site: string;
let first: string;

before(async () => {
  dns = await startDns();
  platform = await testControl({ dnsServers: [dns.address] });
  members = await Promise.all([startMember(platform), startMember(platform)]);
  const made = await requestSite(platform.pool);
  assert.equal((await ended(platform.pool, made.run)).state, 'completed');
  ({ site, hostname: first } = made);
});
after(async () => {
  await Promise.all((members ?? []).map((member) => member.stop()));
  await platform?.close();
  await dns?.close();
});

const hostnames = async () => (await platform.pool.query(
  'select hostname, role, phase from hostname where site = $1 and deleted_at is null order by created_at, hostname', [site])).rows;
const bind = async (hostname: string, role: 'primary' | 'alias' | 'redirect') =>
  await ended(platform.pool, await requestBinding(platform.pool, { site, hostname, role }));

test('an alias is bound and probed in every container', async () => {
  const run = await bind('alias.example.org', 'alias');
  assert.equal(run.state, 'completed', JSON.stringify(run.error));
  assert.deepEqual(run.result, { notConverged: [], probes: { containers: 2, hostnames: 2, bad: [], failing: 0, unreachable: [] } });
});

test('a new primary makes the old one an alias, in one change, and what redirects follows it', async () => {
  assert.equal((await bind('old.example.org', 'redirect')).state, 'completed');
  const asked: Parameters<Member['judge']>[0][] = [];
  members[0]!.judge = (target) => { asked.push(target); return null; };
  assert.equal((await bind('www.example.org', 'primary')).state, 'completed');
  members[0]!.judge = () => null;
  assert.deepEqual((await hostnames()).map(({ hostname, role }) => [hostname, role]), [
    [first, 'alias'], ['alias.example.org', 'alias'], ['old.example.org', 'redirect'], ['www.example.org', 'primary'],
  ]);
  assert.deepEqual(asked.find(({ hostname }) => hostname === 'old.example.org'), {
    hostname: 'old.example.org', scheme: 'http', host: 'old.example.org:8080', expect: 'redirect', target: 'http://www.example.org:8080',
  });
});

test('the primary hostname is not unbound while there are others', async () => {
  const run = await ended(platform.pool, await request(platform.pool, 'unbindHostname', { site, hostname: 'www.example.org' }));
  assert.deepEqual([run.state, run.error?.type], ['failed', 'conflict']);
});

test('an unbound hostname is free for others', async () => {
  const run = await ended(platform.pool, await request(platform.pool, 'unbindHostname', { site, hostname: 'alias.example.org' }));
  assert.equal(run.state, 'completed');
  const other = await requestSite(platform.pool);
  assert.equal((await ended(platform.pool, other.run)).state, 'completed');
  const again = await ended(platform.pool, await requestBinding(platform.pool, { site: other.site, hostname: 'alias.example.org', role: 'alias' }));
  assert.equal(again.state, 'completed', JSON.stringify(again.error));
});

test('a container that lags is named after its time, one whose agent is dead too', async () => {
  const [lagging, dead] = await Promise.all([startMember(platform), startMember(platform)]);
  lagging.lags = true;
  await dead.killAgent();
  const run = await bind('late.example.org', 'alias');
  await Promise.all([lagging.stop(), dead.stop()]);
  assert.equal(run.state, 'completed', JSON.stringify(run.error));
  const { notConverged, probes } = run.result as { notConverged: string[]; probes: { containers: number; unreachable: string[] } };
  assert.deepEqual([notConverged, probes.containers, probes.unreachable], [[lagging.container], 4, [dead.container]]);
});

test('two requests for one hostname at once: one is told which run holds it', async () => {
  const { pool } = platform;
  const answers = await Promise.allSettled([
    requestBinding(pool, { site, hostname: 'twice.example.org', role: 'alias' }),
    requestBinding(pool, { site, hostname: 'twice.example.org', role: 'alias' }),
  ]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), ['fulfilled', 'rejected']);
  const run = answers.find((answer) => answer.status === 'fulfilled')!.value;
  // Its row is there already; with the row alone, its lock says no.
  const again = await request(pool, 'bindHostname', { site, hostname: 'twice.example.org', role: 'alias' }).catch((error) => error);
  if (isReeveError(again)) assert.deepEqual([again.type, again.fields.run], ['busy', run]);
  assert.equal((await ended(pool, run)).state, 'completed');
});

test('a site that is being deleted takes no hostname; one that is gone under a run ends it as superseded', async () => {
  const { pool, at } = platform;
  const other = await requestSite(pool);
  await ended(pool, other.run);
  const deletion = await request(pool, 'deleteSite', { site: other.site });
  const refused = await requestBinding(pool, { site: other.site, hostname: 'late2.example.org', role: 'alias' }).catch((error) => error);
  assert.ok(isReeveError(refused, 'busy') && refused.fields.run === deletion, String(refused));
  assert.equal((await ended(pool, deletion)).state, 'completed');

  // By hand, past all locks: the rows decide.
  const gone = await requestSite(pool);
  await ended(pool, gone.run);
  const binding = await requestBinding(pool, { site: gone.site, hostname: 'gone.example.org', role: 'alias' },
    (run) => at.plan(run, 'publishHostname', 'hangs'));
  await commitChange(pool, { actor: ACTOR, type: 'site.deleted', metadata: { site: gone.site },
    writes: [{ table: 'site', op: 'update', key: { id: gone.site }, values: { phase: 'deleted' } }] });
  at.release(binding);
  const run = await ended(pool, binding);
  assert.equal(run.state, 'superseded', JSON.stringify(run.error));
});

test('where policy asks for it, a hostname waits for its proof in DNS', async () => {
  const { pool } = platform;
  const { rows: [settings] } = await pool.query('select settings from platform');
  await commitChange(pool, { actor: ACTOR, type: 'platform.settings', metadata: {},
    writes: [{ table: 'platform', op: 'update', values: { settings: { ...settings!.settings, ownership: 'dns-txt' } } }] });

  const first = await bind('mine.example.org', 'alias');
  assert.deepEqual([first.state, first.error?.type], ['failed', 'conflict']);
  const { rows: [row] } = await pool.query<{ phase: string; proof: string }>(`select phase, proof from hostname where hostname = 'mine.example.org'`);
  assert.equal(row!.phase, 'reserved', 'it stays reserved');
  assert.match(first.error!.message, new RegExp(`_reeve\\.mine\\.example\\.org needs a TXT record "${row!.proof}"`));

  dns.fails = true;
  const unknown = await ended(pool, await request(pool, 'bindHostname', { site, hostname: 'mine.example.org', role: 'alias' }));
  dns.fails = false;
  assert.deepEqual([unknown.state, unknown.error?.type], ['failed', 'conflict']);
  assert.match(unknown.error!.message, /no resolver answers for _reeve\.mine\.example\.org \(ESERVFAIL\)/);
  const { rows: [still] } = await pool.query(`select phase, proof from hostname where hostname = 'mine.example.org' and deleted_at is null`);
  assert.deepEqual(still, row, 'unknown is not absent: it stays reserved, with the same proof');

  dns.set('_reeve.mine.example.org', ['something else', row!.proof]);
  const again = await ended(pool, await request(pool, 'bindHostname', { site, hostname: 'mine.example.org', role: 'alias' }));
  assert.equal(again.state, 'completed', JSON.stringify(again.error));
});
