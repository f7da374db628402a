/** A container's disk that is full, and one that may only be read (BUDGETS, fault 19). Mounting needs root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { look } from '../../src/control/judge/look.ts';
import { agentToken } from '../../src/domain/secrets.ts';
import { lastKnownGood } from '../../src/agent/state/last-known-good.ts';
import { layoutOf } from '../../src/agent/config.ts';
import { until } from '../local/wait.ts';
import { fillDisk, mountSmallDisk, NO_MOUNT as skip } from '../small-disk.ts';
import { quiet } from '../workflows/platform.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let container: TestContainer;
let site: string;
let unmount: (() => void) | null = null;

before(async () => {
  if (skip) return;
  platform = await createPlatform();
  container = await createContainer(platform);
  unmount = mountSmallDisk(container.root);
  site = await platform.addSite();
  container.start();
  await container.untilReady();
});
after(async () => {
  await container?.remove();
  unmount?.();
  await platform?.close();
});

const waitsForDisk = () => until('it says that its disk is the reason', async () =>
  (await container.row()).waiting_on.some(({ on }) => on === 'disk'));

/** What the judge makes of it, as if it had looked for a minute; what it opened, and what it decided. */
async function judged(): Promise<unknown[]> {
  const { incarnation } = await container.row();
  const since = Date.now() - 60_000;
  await look({ pool: platform.pool, log: quiet, askDatabases: async () => [], askTraceback: async () => null }, {
    leases: { lookedAt: Date.now() - 3_000, steadySince: since, heldSince: new Map([[`${container.id}/${incarnation}`, since]]) },
    standstill: new Map([[`${container.id}/${incarnation} disk`, since]]),
  });
  const { rows } = await platform.pool.query(
    `select i.cause, i.state, m.decision || ' ' || m.action as decided from incident i left join remediation m on m.incident = i.id order by i.id`);
  return rows;
}

/** One generation, whole, on disk and in nginx. */
async function assertWhole(generation: number): Promise<void> {
  const proof = await container.proof();
  assert.equal(proof?.generation, generation);
  const current = `${container.root}/nginx/current`;
  assert.match(readlinkSync(current), new RegExp(`^${generation}-${proof!.digest.slice(0, 12)}`));
  const served = readFileSync(`${current}/hostnames.conf`, 'utf8').trimEnd().split('\n').length;
  const { rows: [{ count }] } = await platform.pool.query(
    "select count(*)::int from hostname where phase = 'bound' and deleted_at is null and rev <= $1", [generation]);
  assert.equal(served, count);
  assert.ok(lastKnownGood(layoutOf(container.config)), 'what it keeps can be read');
  assert.equal((await container.get(`${site}.test`)).status, 200);
}

test('fault 19: with its disk full a container serves one whole generation and says why it does not follow', { skip }, async () => {
  const { generation: before } = await platform.bind('before.example.test', site);
  await container.untilServed(before);
  const makeRoom = fillDisk(container.root);
  const { generation } = await platform.bind('full.example.test', site);
  await waitsForDisk();
  await assertWhole(before);
  assert.deepEqual(await judged(), [{ cause: 'waits:disk', state: 'open', decided: 'observed none' }]);
  assert.equal((await container.get('full.example.test')).status, 421);
  const former = (await container.row()).agent_url;
  process.kill(container.pid('agent'), 'SIGKILL');
  await until('another agent has joined', async () => (await container.row()).agent_url !== former);
  await waitsForDisk();
  await assertWhole(before);
  makeRoom();
  await container.untilServed(generation);
  await assertWhole(generation);
  assert.equal((await container.get('full.example.test')).status, 200);
  assert.deepEqual(await judged(), [{ cause: 'waits:disk', state: 'closed', decided: 'observed none' }]);
});

test('fault 19: with its disk read-only it serves on, and follows when it can be written again', { skip }, async () => {
  const before = (await container.row()).observed_generation;
  // Remounting what has logs open for writing is refused as busy: bound over itself, only what is opened anew meets it.
  remount('ro');
  const { generation } = await platform.bind('readonly.example.test', site);
  await waitsForDisk();
  await assertWhole(before);
  remount('rw');
  await container.untilServed(generation);
  await assertWhole(generation);
});

test('fault 19: a disk without room to fold the log of changes is told, and keeps nothing and nobody waiting', { skip }, async () => {
  const own = await createContainer(platform);
  const unmountOwn = mountSmallDisk(own.root, 16);
  try {
    const [asleep] = [await platform.addSite({ phase: 'suspended' }), await platform.addSite({ phase: 'suspended', env: { BULK: 'x'.repeat(1_000_000) } })];
    own.start();
    await own.untilReady();
    const log = () => statSync(`${own.root}/state.log`, { throwIfNoEntry: false })?.size ?? 0;
    const grow = () => platform.setEnv(asleep, { BULK: 'x'.repeat(300_000) });
    let change = 0;
    // Until another one makes it want folding.
    while (log() + change <= 4 * 1024 * 1024) {
      const before = log();
      await own.untilServed((await grow()).generation);
      change = log() - before;
    }
    // Room for that one, and none for the whole.
    const { bavail, bsize } = statfsSync(own.root);
    writeFileSync(`${own.root}/filler`, Buffer.alloc(bavail * bsize - 1_200_000));
    const { generation } = await grow();
    await until('it is told', async () => {
      await platform.pool.query("select pg_notify('reeve', '{}')");
      return (await own.row()).waiting_on.some(({ message }) => message.includes('cannot be folded'));
    });
    const row = await own.row();
    assert.deepEqual([row.state, row.observed_generation, row.waiting_on.map(({ on }) => on)], ['ready', generation, ['disk']]);
    const authorization = `Bearer ${agentToken(platform.sitesKey, own.id, row.incarnation)}`;
    const answer = await fetch(`${row.agent_url}/reconcile`, { method: 'POST', headers: { authorization } });
    assert.equal(((await answer.json()) as { generation?: number }).generation, generation);
    assert.equal(own.log().split('folding the log of changes').length, 2, 'tried once, and told once');
  } finally {
    await own.remove();
    unmountOwn();
  }
});

function remount(mode: 'ro' | 'rw'): void {
  if (mode === 'ro') {
    execFileSync('mount', ['--bind', container.root, container.root]);
    execFileSync('mount', ['-o', 'remount,bind,ro', container.root]);
  } else {
    execFileSync('umount', [container.root]);
  }
}
