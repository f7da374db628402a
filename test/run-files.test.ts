import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { identify } from '../src/process/identity.ts';
import { until } from './local/wait.ts';
import { ROOT, summary, took } from './run-files.ts';

test('a run ends with how long it took, and on the last line with its counts', () => {
  const lines = `${took(785_600, 59_700)}\n${summary({ passed: 3, failed: 1, skipped: 2 })}`.split('\n');
  assert.deepEqual(lines.slice(-2), ['took 13 min 6 s, of it 1 min 0 s of set-up', '3 passed, 1 failed, 2 skipped']);
  assert.equal(took(41_000, 900), '\ntook 41 s, of it 1 s of set-up');
});

test('a suite of which a hook fails has failed; one of which a test fails is not counted beside it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-test-files-'));
  const [file, running] = [join(directory, 'suites.test.ts'), join(directory, 'running.ts')];
  writeFileSync(file, `
    import { after, before, describe, test } from 'node:test';
    const fails = () => { throw new Error('on purpose'); };
    describe('its end fails', () => { after(fails); test('well', () => {}); });
    describe('around it', () => { describe('its test fails', () => { test('ill', fails); }); });
    describe('skipped', { skip: true }, () => { before(fails); });`);
  writeFileSync(running, `
    import { runFiles, summary, total } from ${JSON.stringify(new URL('run-files.ts', import.meta.url).href)};
    console.log(summary(total(await runFiles([${JSON.stringify(relative(ROOT, file))}], { concurrency: 1, timeoutMs: 60_000 }))));`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [running], { env });
    assert.equal(stdout.trimEnd().split('\n').at(-1), '1 passed, 2 failed, 0 skipped');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

const ENDS: readonly (readonly [string, (runner: ChildProcess) => unknown])[] = [
  ['is told to', (runner) => runner.kill('SIGTERM')],
  ['has nobody any more who reads what it says', (runner) => runner.stdout!.destroy()],
];
for (const [why, end] of ENDS) test(`a run that ${why} ends, and its files do what they do at their exit: nothing of it goes on`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-test-files-'));
  const [file, running, noted] = [join(directory, 'waits.test.ts'), join(directory, 'running.ts'), join(directory, 'pid')];
  writeFileSync(file, `
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    import { test } from 'node:test';
    const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
    process.once('exit', () => child.kill());
    test('it has begun', () => writeFileSync(${JSON.stringify(noted)}, String(child.pid)));
    for (let i = 0; i < 100; i++) test('it waits', async () => await new Promise((done) => setTimeout(done, 100)));`);
  writeFileSync(running, `
    import { runFiles, total } from ${JSON.stringify(new URL('run-files.ts', import.meta.url).href)};
    const stopping = new AbortController();
    process.on('SIGTERM', () => stopping.abort());
    process.stdout.on('error', () => stopping.abort());
    const { failed } = total(await runFiles([${JSON.stringify(relative(ROOT, file))}], { concurrency: 1, timeoutMs: 300_000, signal: stopping.signal }));
    process.exit(failed);`);
  // Within a test file Node runs no others.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const runner = spawn(process.execPath, [running], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  runner.stdout.resume();
  try {
    await until('it waits', () => existsSync(noted) && readFileSync(noted, 'utf8') !== '');
    const pid = Number(readFileSync(noted, 'utf8'));
    const ended = once(runner, 'exit');
    end(runner);
    assert.deepEqual(await ended, [1, null]);
    await until('what it had started is gone', () => identify(pid) === null);
  } finally {
    runner.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});
