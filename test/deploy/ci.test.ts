/** `.ci/run` counts what its parts say: the script itself, with an npm that says what the case wants. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ROOT } from '../run-files.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reeve-ci-'));
  mkdirSync(join(directory, 'bin'));
  mkdirSync(join(directory, '.ci'));
  cpSync(join(ROOT, '.ci/run'), join(directory, '.ci/run'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const program = (name: string, text: string) => writeFileSync(join(directory, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

/** Each part as shell: `npm ci`, `npm test`, `npm run test:docker`. */
function ci({ install = 'true', tests, docker }: { install?: string; tests: string; docker: string }): { lines: string[]; status: number | null } {
  // Nothing is installed: not root.
  program('id', 'echo 1000');
  program('npm', `case "$1" in ci) ${install};; test) ${tests};; run) ${docker};; esac`);
  const { stdout, status } = spawnSync(join(directory, '.ci/run'), {
    encoding: 'utf8', env: { ...process.env, PATH: `${join(directory, 'bin')}:${process.env.PATH}` },
  });
  return { lines: stdout.trimEnd().split('\n'), status };
}

test('the last line counts the tests and those on an engine, and each part’s log is kept', () => {
  const { lines, status } = ci({ tests: 'echo "1059 passed, 0 failed, 2 skipped"', docker: 'echo "17 passed, 0 failed, 1 skipped"' });
  assert.deepEqual([lines.at(-1), status], ['1076 passed, 0 failed, 3 skipped', 0]);
  assert.match(readFileSync(join(directory, '.ci/logs/docker.log'), 'utf8'), /^17 passed/m);
});

test('an engine that cannot be started fails nothing', () => {
  const { lines, status } = ci({ tests: 'echo "5 passed, 0 failed, 0 skipped"', docker: 'echo "Docker tests are skipped: why"; echo "0 passed, 0 failed, 2 skipped"' });
  assert.deepEqual([lines.at(-1), status], ['5 passed, 0 failed, 2 skipped', 0]);
  assert.ok(lines.includes('Docker tests are skipped: why'));
});

test('a test on an engine that fails counts, and so does a part that ends without having counted', () => {
  const failed = ci({ tests: 'echo "5 passed, 0 failed, 0 skipped"', docker: 'echo "16 passed, 1 failed, 0 skipped"; exit 1' });
  assert.deepEqual([failed.lines.at(-1), failed.status], ['21 passed, 1 failed, 0 skipped', 1]);
  const killed = ci({ tests: 'echo "5 passed, 0 failed, 0 skipped"', docker: 'kill -9 $$' });
  assert.deepEqual([killed.lines.at(-1), killed.status], ['5 passed, 1 failed, 0 skipped', 1]);
  const both = ci({ tests: 'echo "5 passed, 2 failed, 0 skipped"; exit 1', docker: 'echo "0 passed, 0 failed, 2 skipped"' });
  assert.deepEqual([both.lines.at(-1), both.status], ['5 passed, 2 failed, 2 skipped', 1]);
});

/** As root on a machine that has nothing of what is optional, whose Debian does not have the packages named. */
function packages(...without: string[]): string[] {
  const bin = join(directory, 'bin');
  rmSync(bin, { recursive: true });
  mkdirSync(bin);
  for (const tool of ['bash', 'sh', 'awk', 'cat', 'chmod', 'dirname', 'mkdir', 'rm', 'tee', 'timeout']) {
    symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bin, tool));
  }
  program('id', 'echo 0');
  program('npm', 'echo "1 passed, 0 failed, 0 skipped"');
  program('unshare', 'exit 1');
  program('apt-get', `for each; do case "$each" in ${['nothing', ...without].join('|')}) exit 100;; esac; done`);
  const script = readFileSync(join(ROOT, '.ci/run'), 'utf8').replaceAll('/usr/sbin/policy-rc.d', join(directory, 'policy-rc.d'));
  writeFileSync(join(directory, '.ci/run'), script);
  const { stdout } = spawnSync(join(directory, '.ci/run'), { encoding: 'utf8', env: { PATH: bin } });
  return stdout.split('\n').filter((line) => /could (not )?be installed/.test(line));
}

test('a package that cannot be installed is said; of the browsers one is enough', () => {
  assert.deepEqual(packages('chromium-headless-shell'), []);
  assert.deepEqual(packages('redis-server', 'chromium-headless-shell', 'chromium'), [
    'redis-server could not be installed: tests that need it are skipped',
    'neither chromium-headless-shell nor chromium could be installed: tests that need a browser are skipped',
  ]);
});

test('packages of npm that cannot be installed are a failure, said at once', () => {
  const { lines, status } = ci({ install: 'echo no network; exit 1', tests: 'echo never', docker: 'echo never' });
  assert.deepEqual([lines.at(-1), status], ['0 passed, 1 failed, 0 skipped', 1]);
  assert.ok(!lines.includes('never'));
});
