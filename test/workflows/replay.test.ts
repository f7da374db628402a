/** Histories of real runs, replayed with the workflows as they are now. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { installRuntime } from '../../src/control/runtime.ts';
import { CHECKS } from '../../src/domain/checks.ts';
import { STEPS } from '../../src/domain/run.ts';
import { bundledWorkflows } from '../../src/temporal/bundle.ts';
import { quiet } from './platform.ts';

const HISTORIES = fileURLToPath(new URL('./histories/', import.meta.url));
const names = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
const directory = mkdtempSync(join(tmpdir(), 'reeve-test-bundle-'));
let codePath: string;
before(async () => {
  installRuntime(quiet);
  codePath = await bundledWorkflows(directory);
});
after(() => rmSync(directory, { recursive: true, force: true }));

const historyOf = (name: string) => JSON.parse(readFileSync(join(HISTORIES, name), 'utf8'));

test('there is a history of each type of run and of each check', () => {
  const recorded = new Set(names.map((name) => name.replace(/(-\w+)?\.json$/, '')));
  assert.deepEqual([...recorded].sort(), [...Object.keys(STEPS), ...CHECKS].sort());
});

for (const name of names) {
  test(`${name} replays`, async () => {
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, historyOf(name));
  });
}

test('workflows that changed under an open run are found out', async () => {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./changed-workflows.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
    workflowInterceptorModules: [fileURLToPath(new URL('../../src/temporal/interceptors/workflow.ts', import.meta.url))],
  });
  await assert.rejects(Worker.runReplayHistory({ workflowBundle: { code } }, historyOf('suspendSite.json')), /[Nn]ondeterminism/);
});

test('what is bundled holds no zod, and is found again', async () => {
  const code = readFileSync(codePath, 'utf8');
  assert.ok(!code.includes('node_modules/zod'));
  assert.equal(await bundledWorkflows(directory), codePath);
});
