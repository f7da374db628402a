/** What is in the image before anything runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLines } from '../../src/cluster/docker-log.ts';
import { docker, PREFIX } from './engine.ts';
import { IMAGE } from './image.ts';

/** Loads files each in a process of its own, and says what of that was compiled anew, and of how many modules it was not. */
const LOADS = `
for file; do node --input-type=module -e "await import('/opt/reeve/$file')" || echo "$file cannot be loaded"; done 2>&1 \\
  | sed -nE 's#.*code cache for \\w+ (file://)?/opt/reeve/.* was accepted.*#taken#p; s#.*code cache for \\w+ (file://)?/opt/reeve/([^ ]*) was .*#\\2 anew#p; /cannot be loaded/p' \\
  | sort | uniq -c
`;

for (const [user, files] of [
  ['0:0', ['src/control/run.ts', 'src/agent/supervisor.ts', 'src/agent/agent.ts', 'src/agent/worker.ts', 'activities/container/index.ts', 'src/local/compose/setup.ts']],
  ['reeve', ['src/api/serve.ts', 'src/agent/supervisor.ts', 'src/agent/agent.ts', 'src/cli/site/index.ts']],
] as const) {
  test(`what parts load that run as ${user} is compiled already`, async () => {
    const made = await docker.createContainer({
      Image: IMAGE, User: user, Labels: { 'reeve.platform': PREFIX }, Env: ['NODE_DEBUG_NATIVE=COMPILE_CACHE'],
      Entrypoint: ['sh', '-c', LOADS, 'sh', ...files],
    });
    await made.start();
    await made.wait();
    const said = (await lastLines(made)).map((line) => line.trim());
    await made.remove();
    assert.deepEqual(said.map((line) => line.replace(/^\d{3,} /, 'hundreds ')), ['hundreds taken']);
  });
}
