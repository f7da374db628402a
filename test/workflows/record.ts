/**
 * Record the golden histories: one real run of each type, as `test/workflows/histories/<type>.json`. A test replays them
 * with the workflows as they are now: a difference means that runs which are open during an upgrade would break. Record
 * again only when such runs are patched for (`patched()`), or there can be none.
 *
 *   REEVE_TEST_TEMPORAL_ADDRESS=… node test/workflows/record.ts            all
 *   REEVE_TEST_TEMPORAL_ADDRESS=… node test/workflows/record.ts suspendSite   these alone are written
 */
import { writeFileSync } from 'node:fs';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { RunInputs, RunType } from '../../src/domain/run.ts';
import { CONTROL_QUEUE } from '../../src/temporal/names.ts';
import { testControl } from './control.ts';
import { startMember } from './member.ts';
import { ended, request, requestBinding, requestSite, until } from './platform.ts';

const only = process.argv.slice(2);
const platform = await testControl();
const member = await startMember(platform);
const { pool, client, at } = platform;

async function record(run: string, name: string, state: string): Promise<void> {
  const row = await ended(pool, run);
  if (row.state !== state) throw new Error(`${name} is ${row.state}, not ${state}: ${JSON.stringify(row.error)}`);
  await client.workflow.getHandle(run).result().catch(() => {});
  await save(run, name);
}

/** The run that settles one that was cut off. */
async function recordSettling(cut: string, name: string): Promise<void> {
  const by = await until('what settles it', async () => (await pool.query<{ id: string }>(`select id from run where input ->> 'of' = $1`, [cut])).rows[0]?.id);
  await record(by, name, 'completed');
}

/** A check that schedules ask for: no run, and no row. */
async function recordCheck(type: string, args: readonly unknown[] = []): Promise<void> {
  const workflowId = `${type}-recorded`;
  await client.workflow.execute(type, { workflowId, taskQueue: CONTROL_QUEUE, args: [...args] });
  await save(workflowId, type);
}

async function save(run: string, name: string): Promise<void> {
  if (only.length > 0 && !only.includes(name)) return;
  const history = await client.workflow.getHandle(run).fetchHistory();
  // Where and by whom it was recorded is no part of it.
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), (key, value) =>
    key === 'stackTrace' ? '' : typeof value === 'string' ? value.replace(/\d+@[\w.-]+/, 'recorder') : value, 1);
  writeFileSync(new URL(`./histories/${name}.json`, import.meta.url), `${json}\n`);
  console.log(name, history.events?.length, 'events');
}
const ask = async <Type extends RunType>(type: Type, input: RunInputs[Type]) => await record(await request(pool, type, input), type, 'completed');

const { site, run } = await requestSite(pool, undefined, [{ hostname: 'further.example.org', role: 'alias' }]);
await record(run, 'createSite', 'completed');
const cancelled = await requestSite(pool, (id) => at.plan(id, 'createDatabase', 'is cancelled'));
await record(cancelled.run, 'createSite-cancelled', 'compensated');
const failed = await requestSite(pool, (id) => at.plan(id, 'runCreatedHook', 'fails before'));
await record(failed.run, 'createSite-failed', 'compensated');
await record(await requestBinding(pool, { site, hostname: 'www.example.org', role: 'primary' }), 'bindHostname', 'completed');
await ask('unbindHostname', { site, hostname: 'further.example.org' });
await ask('suspendSite', { site });
await ask('resumeSite', { site });
// `upgradeSite.json` is one of before a release was tried in one container first: it stays as it is.
member.refuses = 'r000000002';
await record(await request(pool, 'upgradeSite', { site, release: 'r000000002' }), 'upgradeSite-refused', 'compensated');
member.refuses = null;
await record(await request(pool, 'upgradeSite', { site, release: 'r000000002' }), 'upgradeSite-tried', 'completed');
// `rotateSecrets.json` is one of before it was asked who has to follow: it stays as it is.
await record(await request(pool, 'rotateSecrets', { site }), 'rotateSecrets-followed', 'completed');
const rotation = await request(pool, 'rotateSecrets', { site }, (id) => at.plan(id, 'publishSecrets', 'is terminated'));
await recordSettling(rotation, 'settleRun-secrets');
for (const [name, step, release] of [['settleRun', 'migrateDatabase', 'r000000001'], ['settleRun-published', 'publishUpgrade', 'r000000001']] as const) {
  const cut = await request(pool, 'upgradeSite', { site, release }, (id) => at.plan(id, step, 'is terminated'));
  await recordSettling(cut, name);
}
// `deleteSite.json` is one of before it had nothing to cancel: it stays as it is.
await record(await request(pool, 'deleteSite', { site }), 'deleteSite-lasting', 'completed');
await ask('restoreSite', { site });
await ended(pool, await request(pool, 'deleteSite', { site }));
await ask('purgeSite', { site });
await pool.query(`insert into release (id, codebase, source, phase) values ('r000000003', 'test', '-', 'ready')`);
await ask('prepareRelease', { release: 'r000000003' });
// `launchContainer.json` is one of before a container was probed before it is let in: it stays as it is.
await record(await request(pool, 'launchContainer', { container: member.container, slot: member.container }), 'launchContainer-admitted', 'completed');
await ask('drainContainer', { container: 'c000000001', incarnation: 1 });

const suspect = await requestSite(pool);
await ended(pool, suspect.run);
member.judge = () => 'on purpose';
await ask('remediateContainer', { container: member.container, incarnation: 1, incident: null });
const second = await startMember(platform);
// `remediateContainer-second.json` is one of before a second container was asked again: it stays as it is.
await record(await request(pool, 'remediateContainer', { container: member.container, incarnation: 1, incident: null }), 'remediateContainer-again', 'completed');
await second.stop();
member.judge = () => null;
// The successor is there already, since nothing is launched here.
await pool.query(`insert into container (id, slot, role, incarnation, state) values ('c000000002', 'two', 'site', 1, 'ready')`);
await ask('replaceContainer', { container: 'c000000002', incarnation: 1, successor: member.container, incident: null });
await pool.query(`insert into container (id, slot, role, incarnation, state) values ('c000000005', 'five', 'site', 1, 'ready')`);
at.onDone = async (activity) => {
  if (activity === 'confirmReplaceable') await pool.query(`update container set incarnation = 2 where id = 'c000000005'`);
};
await record(await request(pool, 'replaceContainer', { container: 'c000000005', incarnation: 1, successor: member.container, incident: null }), 'replaceContainer-superseded', 'superseded');
at.onDone = () => {};
await recordCheck('checkHealth', [{ intervalSeconds: 30 }]);
await recordCheck('checkHealth', [{ intervalSeconds: 30 }]);
await recordCheck('checkIntegrity');
await ask('regenerateContainer', { container: member.container, incarnation: 1 });
await recordCheck('scaleCluster');
for (const [name, step, container] of [['settleRun-kept', 'takeReplacementSlot', 'c000000003'], ['settleRun-replaced', 'end', 'c000000004']] as const) {
  await pool.query(`insert into container (id, slot, role, incarnation, state) values ($1, $1, 'site', 1, 'ready')`, [container]);
  // Nothing is drained here but in the rows.
  at.onDone = async (activity) => {
    if (activity === 'drain') await pool.query(`update container set wanted = 'drained' where id = $1`, [container]);
  };
  const cut = await request(pool, 'replaceContainer', { container, incarnation: 1, successor: member.container, incident: null }, (id) => at.plan(id, step, 'is terminated'));
  await recordSettling(cut, name);
}

await member.stop();
await platform.close();
