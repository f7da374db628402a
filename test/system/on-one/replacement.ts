/** What the platform does about faults by itself, with real processes, and visitors all the time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import pg from 'pg';
import type { Incident, Remediation } from '../../../src/domain/resources/remediation.ts';
import { SUPERUSER } from '../../../src/local/postgres-cluster.ts';
import { chosenAtEdge, list as listOf, membersOf } from '../situation.ts';
import { inEachContainer, runOver, until } from '../platform.ts';
import { processesOf } from '../processes.ts';
import { visitors } from '../visitors.ts';
import { platform } from './platform.ts';

const list = <Item>(path: string) => listOf<Item>(platform, path);
const members = () => membersOf(platform);
const incident = async (cause: string) => (await list<Incident>('/incidents')).find((each) => each.cause === cause);

async function inSitesServer(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const ports = JSON.parse(readFileSync(join(platform.home, 'ports.json'), 'utf8'));
  const password = readFileSync(join(platform.home, 'secrets/postgres-sites'), 'utf8').trim();
  const client = new pg.Client({ host: '127.0.0.1', port: ports['postgres-sites'], user: SUPERUSER, password, database: 'postgres' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

describe('what the platform does about faults by itself', () => {
  // Nothing waits for an earlier test's replacement.
  before(() => platform.api.request('PATCH', '/settings', { body: { remediation: { cooldownMinutes: 0, perHour: 10 } }, ifMatch: '*' }));

  test('faults 11 and 22: a container that vanishes is replaced, and no visitor notices', async (t) => {
    const before = await members();
    const victim = before[0]!;
    const traffic = visitors(platform, ['one.localhost', 'two.localhost']);
    const killedAt = Date.now();
    for (const pid of processesOf(platform, victim.id)) process.kill(pid, 'SIGKILL');

    const gone = await until('it to be replaced', async () => {
      const now = await members();
      return now.every(({ id }) => id !== victim.id) && now.filter(({ state, alive }) => state === 'ready' && alive).length === before.length ? now : null;
    }, 180_000);
    t.diagnostic(`replaced after ${Math.round((Date.now() - killedAt) / 1000)} s`);
    const { count, failed } = await traffic.stop();
    t.diagnostic(`${count} requests, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.equal(gone.length, before.length);
    for (const hostname of ['one.localhost', 'two.localhost']) {
      assert.deepEqual([...(await inEachContainer(platform, hostname)).values()].map(({ status }) => status), [200, 200]);
    }

    const closed = await until('its incident to be closed', async () => {
      const found = await incident('lease-lapsed');
      return found?.state === 'closed' ? found : null;
    });
    assert.deepEqual([closed.subject, closed.closedWhy], [`container:${victim.id}`, 'container is gone']);
    // Where the machine is so busy that another one is late as well, it is refused first, and decided again.
    assert.deepEqual(closed.timeline.map(({ what }) => what).filter((what) => what !== 'refused: replace'), ['opened', 'acted: replace', 'replacing', 'replaced', 'closed']);
    const [decision] = (await list<Remediation>(`/remediations?incident=${closed.id}`)).filter(({ decision }) => decision !== 'refused');
    assert.deepEqual([decision!.action, decision!.decision, decision!.result], ['replace', 'acted', 'completed']);
  });

  test('fault 12: two containers that vanish at once open the breaker; nothing is replaced, and a person is told', { timeout: 240_000 }, async (t) => {
    const { id: joining, run } = await platform.api.request('POST', '/containers', { body: {} });
    await runOver(platform, run.id);
    const three = await members();
    assert.equal(three.length, 3);
    // The run is over once the edge is told; what it is told takes a moment to be a configuration that runs.
    await until('the edge to send visitors to the new one', async () => {
      for (let n = 0; n < 20; n += 1) if ((await chosenAtEdge(platform, `nobody-${n}.localhost`))?.id === joining) return true;
      return false;
    });
    const traffic = visitors(platform, ['one.localhost', 'two.localhost']);
    const killedAt = Date.now();
    for (const { id } of three.slice(0, 2)) for (const pid of processesOf(platform, id)) process.kill(pid, 'SIGKILL');
    const found = await until('an incident on the platform', () => incident('breaker'), 120_000);
    t.diagnostic(`told after ${Math.round((Date.now() - killedAt) / 1000)} s`);
    assert.deepEqual([found.subject, found.severity], ['platform', 'critical']);
    const decisions = await until('decisions about both', async () => {
      const some = (await list<Remediation>('/remediations')).filter(({ container }) => three.slice(0, 2).some(({ id }) => id === container));
      return new Set(some.map(({ container }) => container)).size === 2 ? some : null;
    });
    assert.deepEqual(decisions.filter(({ decision }) => decision === 'acted'), []);
    assert.ok(decisions.every(({ reason }) => /breaker|not (known to be )?well|last replacement|cooling down/.test(reason)), JSON.stringify(decisions.map(({ reason }) => reason)));
    // A person decides: both are ended, and two others launched.
    for (const { id } of three.slice(0, 2)) {
      const { run: drain } = await platform.api.request('POST', `/containers/${id}/drain`, { body: {} });
      await runOver(platform, drain.id);
    }
    const { run: again } = await platform.api.request('POST', '/containers', { body: {} });
    await runOver(platform, again.id);
    // Its verdicts come with the sweeps, of which the new one may have its first in half a minute.
    await until('the incident to be over', async () => (await incident('breaker'))?.state === 'closed', 120_000);
    const { count, failed } = await traffic.stop();
    t.diagnostic(`${count} requests, ${failed.length} failed`);
    assert.deepEqual(failed, [], 'the third one has served them all');
  });

  test('fault 10: a site that fails everywhere is the site’s incident; no container is touched', { timeout: 240_000 }, async (t) => {
    const before = await members();
    const site = (await list<{ id: string; name: string }>('/sites')).find(({ name }) => name === 'one')!.id;
    await platform.api.request('PATCH', '/settings', { body: { health: { intervalSeconds: 10, suspectSeconds: 2, downAfterSeconds: 6 } }, ifMatch: '*' });
    const traffic = visitors(platform, ['two.localhost']);
    const failedAt = Date.now();
    await inSitesServer(async (client) => {
      const { rows: [row] } = await client.query(`select datname from pg_database where datname like '%' || $1 || '%'`, [site]);
      await client.query(`alter database "${row.datname}" allow_connections false`);
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [row.datname]);
    });
    const found = await until('an incident on the site', () => incident('down-everywhere'), 180_000);
    t.diagnostic(`an incident after ${Math.round((Date.now() - failedAt) / 1000)} s`);
    assert.equal(found.subject, `site:${site}`);
    const decisions = await until('a decision', async () => {
      const some = await list<Remediation>(`/remediations?incident=${found.id}`);
      return some.length > 0 ? some : null;
    });
    assert.deepEqual(decisions.map(({ action }) => action), ['none']);
    assert.deepEqual((await members()).map(({ id, incarnation }) => [id, incarnation]), before.map(({ id, incarnation }) => [id, incarnation]));
    const { count, failed } = await traffic.stop();
    t.diagnostic(`${count} requests of its neighbour, ${failed.length} failed`);
    assert.deepEqual(failed, []);
  });
});
