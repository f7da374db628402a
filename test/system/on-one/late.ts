/** Who was paused, and comes back when others have done its work: it is refused, and undoes nothing of theirs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { containerIds } from '../../../src/cluster/process-files.ts';
import { joinContainer, observeContainer, readMembers } from '../../../src/database/container.ts';
import { storeSweep } from '../../../src/database/health/store.ts';
import { createPool, type Pool } from '../../../src/database/pool.ts';
import type { Container } from '../../../src/domain/resources/container.ts';
import type { Incident, Remediation } from '../../../src/domain/resources/remediation.ts';
import { identify, isRunning } from '../../../src/process/identity.ts';
import { createSite, end, runOver, until, visit } from '../platform.ts';
import { partOf, processesOf } from '../processes.ts';
import { list, membersOf, situationOf } from '../situation.ts';
import { visitors } from '../visitors.ts';
import { platform } from './platform.ts';

let pool: Pool;

const signal = (pids: readonly number[], which: NodeJS.Signals) => {
  for (const pid of pids) if (identify(pid)) process.kill(pid, which);
};
interface Run { readonly id: string; readonly type: string; readonly subject: string; readonly steps: readonly { name: string; state: string }[] }
const isAt = ({ steps }: Run, ...names: string[]) => steps.some(({ name, state }) => names.includes(name) && state === 'running');

/** Whom nginx at the edge sends visitors to. */
function membersOfEdge(): string {
  const edge = containerIds(platform.local).map((id) => join(platform.home, 'containers', id)).find((root) => existsSync(join(root, 'members.json')));
  return join(edge!, 'nginx/current/members.conf');
}

interface Row { readonly state: string; readonly wanted: string; readonly incarnation: number; readonly seen_at: Date; readonly lease_expires_at: Date | null }
const rowOf = async (id: string): Promise<Row> => (await pool.query<Row>('select * from container where id = $1', [id])).rows[0]!;

/** Whatever an agent can say in the name of a container that was ended, with the agents' own rights. */
async function refusedLate({ id, incarnation }: Container): Promise<void> {
  const agent = createPool(platform.local.agentDatabaseUrl, { name: 'test late agent', max: 1 });
  try {
    const row = await rowOf(id);
    assert.deepEqual([row.state, row.wanted, row.lease_expires_at], ['ended', 'ended', null]);
    assert.equal(await observeContainer(agent, id, incarnation, { state: 'ready', epoch: 1, generation: 1_000_000 }), 'ended');
    assert.deepEqual(await rowOf(id), row);
    const place = { address: '127.0.0.1', port: 1, agentUrl: 'http://127.0.0.1:1', layout: null };
    for (const as of [incarnation, 0]) await assert.rejects(joinContainer(agent, id, as, place), { type: 'conflict' });
    const slot = Date.now();
    const sweep = { slot, startedAt: slot, endedAt: slot, intervalSeconds: 30, hostnames: 0, counts: { up: 0, slow: 0, down: 0, unknown: 0 }, names: 'x' };
    await assert.rejects(storeSweep(agent, { container: id, incarnation, sweep, packed: null, names: null, changed: [] }), { type: 'conflict' });
  } finally {
    await agent.end();
  }
}

/** Keep the judge, whoever it is, in the middle of a look: its question for verdicts waits. @returns since when its connection is there */
async function holdUpTheJudge(t: TestContext): Promise<{ since: Date; letGo(): Promise<void> }> {
  const client = await pool.connect();
  let held = true;
  const letGo = async () => {
    if (!held) return;
    held = false;
    await client.query('rollback').finally(() => client.release());
  };
  t.after(letGo);
  await client.query('begin');
  await client.query('lock table latest_probe in access exclusive mode');
  const since = await until('the judge waits', async () => {
    const { rows } = await pool.query<{ since: Date }>(
      `select backend_start as since from pg_stat_activity where wait_event_type = 'Lock' and query like 'select 1 from latest_probe%'`);
    // This transaction is not to stand still for longer than any may.
    await client.query('select 1');
    return rows[0]?.since ?? null;
  }, 120_000);
  return { since, letGo };
}

function controlEnvironment(): Record<string, string> {
  const variables = readFileSync(`/proc/${partOf(platform, 'control').pid}/environ`, 'utf8').split('\0').filter((each) => each.includes('='));
  return Object.fromEntries(variables.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]));
}

/** Another control worker, told the same as the platform's own. */
function startControl(environment: Record<string, string>): ChildProcess {
  const [program, ...args] = readFileSync(`/proc/${partOf(platform, 'control').pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  const child = spawn(program!, args, { cwd: platform.home, env: environment, stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

describe('who was paused, and comes back late', () => {
  before(() => {
    pool = createPool(controlEnvironment().REEVE_DATABASE_URL!, { name: 'test', max: 4 });
  });
  after(() => pool?.end());

  test('fault 16: a container that is frozen is replaced; when it comes back late, it is refused, and ends', { timeout: 5 * 60_000 }, async (t) => {
    const members = await membersOf(platform);
    const victim = members[0]!;
    const hostnames = ['one.localhost', 'two.localhost'];
    const traffic = [visitors(platform, hostnames)];
    const frozen = processesOf(platform, victim.id);
    const identities = frozen.map((pid) => identify(pid)!);
    const frozenAt = Date.now();
    signal(frozen, 'SIGSTOP');
    try {
      // Who has asked it in its last moment waits for it; who comes now does not.
      await until('the edge to use it no more', () => !readFileSync(membersOfEdge(), 'utf8').includes(victim.address!), 60_000);
      traffic.push(visitors(platform, hostnames));
      const run = await until('its replacement to be there, and the old one to be ended', async () => {
        const found = (await list<Run>(platform, '/runs')).find(({ type, subject }) => type === 'replaceContainer' && subject === `container:${victim.id}`);
        const now: Run | null = found ? await platform.api.request('GET', `/runs/${found.id}`) : null;
        return now && isAt(now, 'end') ? now : null;
      }, 180_000);
      t.diagnostic(`replaced after ${Math.round((Date.now() - frozenAt) / 1000)} s`);
      // The whole of it, while it is being ended: its agent speaks as if nothing had been.
      const before = await rowOf(victim.id);
      signal(frozen, 'SIGCONT');
      await until('its agent has spoken', async () => {
        const now = await rowOf(victim.id);
        assert.ok(!(await readMembers(pool)).some(({ id }) => id === victim.id), 'it is no member for all that');
        return now.state === 'ended' || now.seen_at > before.seen_at;
      }, 60_000);
      await runOver(platform, run.id);
    } finally {
      signal(frozen, 'SIGCONT');
    }
    for (const each of traffic) {
      const { count, failed } = await each.stop();
      t.diagnostic(`${count} requests, ${failed.length} failed`);
      assert.deepEqual(failed, []);
    }
    assert.deepEqual(identities.filter(isRunning), [], 'nothing of it runs');
    await refusedLate(victim);

    const after = await membersOf(platform);
    assert.deepEqual([after.length, after.filter(({ state, alive }) => state === 'ready' && alive).length], [members.length, members.length]);
    const closed = await until('its incident to be closed', async () => {
      const found = (await list<Incident>(platform, '/incidents')).find(({ cause }) => cause === 'lease-lapsed');
      return found?.state === 'closed' ? found : null;
    });
    assert.deepEqual([closed.subject, closed.closedWhy], [`container:${victim.id}`, 'container is gone']);
    // Where the machine is so busy that another one is late as well, it is refused first, and decided again.
    const told = closed.timeline.map(({ what }) => what).filter((what) => what !== 'refused: replace');
    assert.deepEqual(told, ['opened', 'acted: replace', 'replacing', 'replaced', 'closed']);
    const decisions = (await list<Remediation>(platform, '/remediations')).filter(({ decision }) => decision !== 'refused');
    assert.deepEqual(decisions.map(({ container, action, decision, result }) => [container, action, decision, result]), [[victim.id, 'replace', 'acted', 'completed']]);
  });

  test('fault 16: a control worker that is frozen while it judges and replaces stops neither; what it does late changes nothing', { timeout: 5 * 60_000 }, async (t) => {
    const before = { members: await membersOf(platform), situation: await situationOf(platform) };
    const victim = before.members[0]!;
    const first = partOf(platform, 'control');
    const environment = controlEnvironment();
    const traffic = visitors(platform, ['one.localhost', 'two.localhost']);

    // Frozen in the middle of both: in a look, for which it holds the judge's lock, and in the steps of a replacement.
    const judging = await holdUpTheJudge(t);
    const { run } = await platform.api.request('POST', `/containers/${victim.id}/replace`, { body: {} });
    await until('it launches the new one', async () => isAt(await platform.api.request('GET', `/runs/${run.id}`), 'launch', 'awaitReady'), 60_000);
    process.kill(first.pid, 'SIGSTOP');
    await judging.letGo();
    const startedAt = Date.now();
    const second = startControl(environment);
    try {
      await runOver(platform, run.id);
      t.diagnostic(`the other one has finished it after ${Math.round((Date.now() - startedAt) / 1000)} s`);
      const other = await holdUpTheJudge(t);
      await other.letGo();
      assert.ok(other.since.getTime() > startedAt, 'the other one judges');
    } finally {
      process.kill(first.pid, 'SIGCONT');
      await end(second, 'SIGTERM');
    }
    // It is alone again, and does what is asked of it; all that it had under way when it was frozen is over by then.
    await createSite(platform, 'three');
    assert.equal((await visit(platform, 'three.localhost')).status, 200);
    const { count, failed } = await traffic.stop();
    t.diagnostic(`${count} requests, ${failed.length} failed`);
    assert.deepEqual(failed, []);

    const { rows: slots } = await pool.query('select container, successor, state from replacement where run = $1', [run.id]);
    assert.deepEqual(slots.map(({ container, state }) => [container, state]), [[victim.id, 'completed']]);
    const { rows: told } = await pool.query(`select type from notice where metadata ->> 'run' = $1 and type like 'run.%'`, [run.id]);
    assert.deepEqual(told, [{ type: 'run.completed' }], 'it has ended once');
    const members = await membersOf(platform);
    const expected = [...before.members.slice(1).map(({ id }) => id), slots[0].successor].sort();
    assert.deepEqual(members.map(({ id }) => id).sort(), expected, 'one was replaced by one');
    assert.ok(members.every(({ state, alive }) => state === 'ready' && alive));
    const edge = (await list<Container>(platform, '/containers')).filter(({ role }) => role === 'edge').map(({ id }) => id);
    assert.deepEqual(containerIds(platform.local), [...expected, ...edge].sort(), 'and nothing else of a container was made');
    const { incidents, remediations } = await situationOf(platform);
    assert.deepEqual(incidents, before.situation.incidents);
    // The newest first.
    const [own, ...older] = remediations;
    assert.deepEqual([own!.action, own!.decision, / asked for it$/.test(own!.reason)], ['replace', 'acted', true]);
    assert.deepEqual(older, before.situation.remediations);
  });
});
