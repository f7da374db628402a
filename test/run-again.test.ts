import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from './run-files.ts';

const moduleOf = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);

/** Run test files with these bodies as `npm test` does. @returns the counts, what was printed, and how often each file ran */
async function runAll(t: TestContext, bodies: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-test-again-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'shared.mjs'), SHARED);
  const ran = join(directory, 'ran');
  writeFileSync(ran, '');
  const files = Object.entries(bodies).map(([name, body]) => {
    const file = join(directory, `${name}.test.ts`);
    writeFileSync(file, `
      import { appendFileSync, readFileSync } from 'node:fs';
      import { test } from 'node:test';
      appendFileSync(${JSON.stringify(ran)}, '${name} ');
      const times = readFileSync(${JSON.stringify(ran)}, 'utf8').split(' ').filter((one) => one === '${name}').length;
      ${body}`);
    return relative(ROOT, file);
  });
  const runner = join(directory, 'runner.ts');
  writeFileSync(runner, `
    import { runFailedAgain } from ${moduleOf('run-again.ts')};
    import { runFiles, summary, total } from ${moduleOf('run-files.ts')};
    const options = { timeoutMs: 60_000, signal: new AbortController().signal };
    const results = await runFiles(${JSON.stringify(files)}, { ...options, concurrency: 2 });
    console.log(summary(total(await runFailedAgain(results, options))));`);
  // Within a test file Node runs no others.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [runner], { env });
  const times = readFileSync(ran, 'utf8').trim().split(' ').sort();
  return { stdout, last: stdout.trim().split('\n').at(-1), times };
}
const SHARED = `export const shared = (test, fails) => test('it is shared', () => { if (fails) throw new Error('on purpose'); });`;
const FAILS = `test('it fails', () => { throw new Error('on purpose'); });`;

test('what failed beside others and passes alone is named as unsteady; what fails alone too has failed', async (t) => {
  const { stdout, last, times } = await runAll(t, {
    good: `test('it passes', () => {});`,
    unsteady: `test('it passes later', () => { if (times < 2) throw new Error('too busy'); }); test('it passes', () => {});`,
    bad: FAILS,
    broken: `throw new Error('it cannot be loaded');`,
  });
  assert.equal(last, '3 passed, 2 failed, 0 skipped', stdout);
  assert.deepEqual(times, ['bad', 'bad', 'broken', 'broken', 'good', 'unsteady', 'unsteady']);
  assert.deepEqual(stdout.match(/^unsteady: .*$/gm)?.map((line) => /(\w+)\.test\.ts/.exec(line)![1]), ['unsteady']);
});

test('a test that several files share runs again in the file where it failed', async (t) => {
  const uses = (fails: string) => `const { shared } = await import('./shared.mjs'); shared(test, ${fails});`;
  const { stdout, last, times } = await runAll(t, { well: uses('false'), unsteady: uses('times < 2') });
  assert.equal(last, '2 passed, 0 failed, 0 skipped', stdout);
  assert.deepEqual(times, ['unsteady', 'unsteady', 'well']);
});

test('where many fail it is not the machine: nothing runs again', async (t) => {
  const { last, times } = await runAll(t, { one: FAILS, two: FAILS, three: FAILS, four: FAILS });
  assert.equal(last, '0 passed, 4 failed, 0 skipped');
  assert.deepEqual(times, ['four', 'one', 'three', 'two']);
});
