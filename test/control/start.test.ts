/** The control worker as a whole: what it needs may be away, and its workflows may not fit. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { stateActivities } from '../../activities/platform/index.ts';
import { listenObserved } from '../../src/control/observed.ts';
import { startControl } from '../../src/control/start.ts';
import { createPool } from '../../src/database/pool.ts';
import { ERRORS, isReeveError } from '../../src/domain/errors.ts';
import { createClient } from '../../src/temporal/client.ts';
import { startRun } from '../../src/temporal/start.ts';
import { startProxy } from '../proxy.ts';
import { type TestControl, testControl } from '../workflows/control.ts';
import { faults } from '../workflows/faults.ts';
import { ledgerActivities } from '../workflows/ledger.ts';
import { ended, leftovers, request, requestSite, until } from '../workflows/platform.ts';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
let platform: TestControl;
before(async () => { platform = await testControl({ started: false }); });
after(async () => { await platform?.close(); });

test('it starts before Temporal, and goes on after Temporal was away in the middle of a run', async () => {
  const { pool, parts, at } = platform;
  const proxy = await startProxy(parts.config.TEMPORAL_ADDRESS);
  await proxy.cut();
  const config = { ...parts.config, TEMPORAL_ADDRESS: proxy.address };
  const client = createClient(config);
  const control = startControl({ ...parts, config, client });
  try {
    const { run } = await requestSite(pool, (id) => at.plan(id, 'createStore', 'hangs'));
    await assert.rejects(startRun(client, pool, run), (error) => isReeveError(error, 'unavailable'));
    await proxy.restore();
    await until('the run to hang at a step', async () => at.happened(run) > 0);
    await proxy.cut();
    at.release(run);
    await assert.rejects(startRun(client, pool, (await requestSite(pool)).run), (error) => isReeveError(error, 'unavailable'));
    await proxy.restore();
    assert.equal((await ended(pool, run, 90_000)).state, 'completed');
    await until('all that was kept meanwhile to be done', async () =>
      (await pool.query(`select 1 from run where state <> 'completed'`)).rowCount === 0);
  } finally {
    await control.shutdown();
    await client.connection.close();
    await proxy.cut();
  }
});

test('it goes on after Postgres was away in the middle of a run', async () => {
  const { pool, parts, url } = platform;
  const direct = new URL(url);
  const proxy = await startProxy(direct.host);
  const through = new URL(url);
  through.host = proxy.address;
  const far = createPool(through.href, { name: 'test far', max: 10 });
  const observed = listenObserved(through.href, () => {});
  const at = faults(platform.client);
  const control = startControl({ ...parts, pool: far, url: through.href, activities: at.wrap({
    ...stateActivities({ pool: far, observed, releasesDir: '/nowhere' }), ...ledgerActivities(far),
  }) });
  try {
    const { site, run } = await requestSite(pool, (id) => at.plan(id, 'createStore', 'hangs'));
    await until('the run to hang at a step', async () => at.happened(run) > 0);
    await proxy.cut();
    at.release(run);
    await until('the step to have failed at least once', async () => {
      const { raw } = await platform.client.workflow.getHandle(run).describe();
      return (raw.pendingActivities ?? []).some((activity) => (activity.attempt ?? 0) > 1);
    });
    await proxy.restore();
    assert.equal((await ended(pool, run, 90_000)).state, 'completed');
    assert.equal((await leftovers(pool, site)).length, 5, 'a whole site');
  } finally {
    await control.shutdown();
    await observed.close();
    await far.end();
    await proxy.cut();
  }
});

test('it refuses to poll when its workflows do not fit an open run, and names that run', async () => {
  const { pool, parts, client } = platform;
  const { site, run: made } = await requestSite(pool);
  const first = startControl(parts);
  assert.equal((await ended(pool, made)).state, 'completed');
  // Its row is final a moment before its workflow is.
  await until('no run to be open', async () => (await client.workflow.count(`ExecutionStatus = 'Running'`)).count === 0);
  await first.shutdown();

  // A worker that dies in the middle leaves the run open.
  const run = await request(pool, 'suspendSite', { site });
  const dying = spawn(process.execPath, [file('../workflows/worker-process.ts')], { stdio: 'inherit', env: {
    ...process.env, REEVE_TEST_DATABASE: platform.url, REEVE_TEST_NAMESPACE: parts.config.TEMPORAL_NAMESPACE,
    REEVE_TEST_TEMPORAL_ADDRESS: parts.config.TEMPORAL_ADDRESS, REEVE_TEST_KILL_AT: 'planProbe',
  } });
  await once(dying, 'exit');
  // By its id: a check that was due may be open beside it.
  await until('Temporal to list it', async () => (await client.workflow.count(`ExecutionStatus = 'Running' and WorkflowId = '${run}'`)).count === 1);

  const directory = mkdtempSync(join(tmpdir(), 'reeve-test-misfit-'));
  const { code } = await bundleWorkflowCode({
    workflowsPath: file('../workflows/changed-workflows.ts'), logger: new DefaultLogger('ERROR'),
    workflowInterceptorModules: [file('../../src/temporal/interceptors/workflow.ts')],
  });
  const codePath = join(directory, 'changed.js');
  writeFileSync(codePath, code);
  const changed = startControl({ ...parts, codePath: async () => codePath });
  const refusal = await changed.done.then(() => null, (error) => error);
  rmSync(directory, { recursive: true });
  assert.ok(isReeveError(refusal, 'internal'), String(refusal));
  assert.deepEqual([refusal.fields.runs, ERRORS[refusal.type].exit], [[run], 1]);

  const fitting = startControl(parts);
  assert.equal((await ended(pool, run)).state, 'completed');
  await fitting.shutdown();
});
