import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPrograms } from '../../src/local/setup/command.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'reeve-start-'));
after(() => rmSync(scratch, { recursive: true }));

// A clone in small: the real start script and npm, a program that tells what it got, and no packages.
const clone = join(scratch, 'my clone');
const PROGRAM = `
const [verb, ...rest] = process.argv.slice(2);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => { console.log(signal); if (verb !== 'stay') process.exit(7); });
if (verb === 'die') { process.removeAllListeners('SIGTERM'); process.kill(process.pid, 'SIGTERM'); }
if (verb === 'wait' || verb === 'stay') setInterval(() => {}, 1e6);
console.log(JSON.stringify({ verb, rest, cwd: process.cwd(), version: process.versions.node }));
if (verb === 'fail') process.exit(3);
`;

before(() => {
  mkdirSync(join(clone, 'bin'), { recursive: true });
  mkdirSync(join(clone, 'src', 'bin'), { recursive: true });
  cpSync(join(repository, 'bin', 'reeve.cjs'), join(clone, 'bin', 'reeve.cjs'));
  writeFileSync(join(clone, 'src', 'bin', 'reeve.ts'), PROGRAM);
  writeFileSync(join(clone, 'package.json'), JSON.stringify({ name: 'small', version: '1.0.0', type: 'module' }));
  writeLock('1.0.0');
});

function writeLock(version: string): void {
  const root = { name: 'small', version };
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages: { '': root } }));
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; output: { stdout: string; stderr: string }; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(clone, 'bin', 'reeve.cjs'), ...args], {
    cwd: scratch,
    env: { ...process.env, npm_execpath: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (output.stdout += chunk));
  child.stderr?.on('data', (chunk) => (output.stderr += chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }) as Ended);
  return { child, output, ended };
}

test('of two first starts at once, in a path with a space, one brings node_modules and both run', async () => {
  const both = await Promise.all([start(['one', 'a b']).ended, start(['two']).ended]);
  assert.deepEqual(both.map(({ code }) => code), [0, 0], both.map(({ stderr }) => stderr).join('\n'));
  assert.equal(both.filter(({ stderr }) => stderr.includes('npm ci')).length, 1);
  assert.deepEqual(JSON.parse(both[0]?.stdout ?? '').rest, ['a b']);
  assert.ok(existsSync(join(clone, 'node_modules')));
  assert.equal(existsSync(join(clone, '.reeve', 'npm.lock')), false);
});

test('later starts say nothing, and a changed lock brings node_modules anew', async () => {
  assert.equal((await start(['one']).ended).stderr, '');
  writeLock('1.0.1');
  assert.match((await start(['one']).ended).stderr, /npm ci/);
});

test('what fails is told in one line, and tried again the next time', async () => {
  const stamp = join(clone, 'node_modules', '.reeve-stamp');
  const good = readFileSync(join(clone, 'package.json'), 'utf8');
  writeFileSync(join(clone, 'package.json'), JSON.stringify({ ...JSON.parse(good), dependencies: { leven: '4.1.0' } }));
  rmSync(stamp);
  rmSync(join(clone, 'node_modules'), { recursive: true });
  const failed = await start(['one']).ended;
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /not? .*in sync|Missing: leven/);
  assert.match(failed.stderr.trim().split('\n').at(-1) ?? '', /^reeve: npm ci failed/);
  writeFileSync(join(clone, 'package.json'), good);
  assert.equal((await start(['one']).ended).code, 0);
});

test('without npm, it names what to install', async () => {
  rmSync(join(clone, 'node_modules'), { recursive: true });
  const ended = await start(['one'], { PATH: scratch }).ended;
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /npm was not found: install Node/);
  assert.equal((await start(['one']).ended).code, 0);
});

test('it ends as the program ends', async () => {
  assert.equal((await start(['fail']).ended).code, 3);
  assert.equal((await start(['die']).ended).signal, 'SIGTERM');
});

test('signals go on to the program', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended } = start(['wait']);
    await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    child.kill(signal);
    const { code, stdout } = await ended;
    assert.equal(code, 7);
    assert.ok(stdout.trim().endsWith(signal));
  }
});

test('another file is run with --run, relative to where the person is', async () => {
  writeFileSync(join(scratch, 'other.ts'), 'const words: string[] = process.argv.slice(2); console.log(words.join(","));');
  assert.equal((await start(['--run', 'other.ts', 'x', 'y']).ended).stdout, 'x,y\n');
});

test('where the machine’s Node is too old, the one of node_modules is used', (t) => {
  const old = findPrograms('node').find((path) => {
    const [major, minor] = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.').map(Number) as [number, number];
    return major < 22 || (major === 22 && minor < 19);
  });
  if (!old) return t.skip('the machine has no old Node');
  writeFileSync(join(scratch, 'version.ts'), 'const version: string = process.versions.node; console.log(version);');
  const version = execFileSync(old, [join(repository, 'bin', 'reeve.cjs'), '--run', join(scratch, 'version.ts')], { encoding: 'utf8' });
  assert.match(version, /^24\./);
});

test('a Node that strips no types without a flag is too old: 23 does so from 23.6 on', async () => {
  const other = join(scratch, 'other-node.cjs');
  const startWith = async (version: string) => {
    writeFileSync(other, `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`);
    return await start(['one'], { NODE_OPTIONS: `--require=${other}` }).ended;
  };
  for (const version of ['20.19.5', '22.18.0', '23.0.0', '23.5.0']) {
    const { code, stderr } = await startWith(version);
    assert.deepEqual([code, stderr], [1, `reeve: Node ${version} is too old: install Node 24 (at least 22.19 or 23.6), then start again.\n`]);
  }
  for (const version of ['22.19.0', '23.6.0', '24.0.0']) {
    const { code, stderr } = await startWith(version);
    assert.deepEqual([version, code, stderr], [version, 0, '']);
  }
});

test('on macOS with an old Node, it says which to install before anything is brought', async () => {
  const mac = join(scratch, 'mac.cjs');
  writeFileSync(mac, `for (const [name, value] of Object.entries({ platform: 'darwin', arch: 'arm64', versions: { ...process.versions, node: '20.19.5' } })) Object.defineProperty(process, name, { value });`);
  const { code, stderr } = await start(['one'], { NODE_OPTIONS: `--require=${mac}` }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /^reeve: Node 20\.19\.5 is too old: on macOS install Node 24 \(at least 22\.19 or 23\.6; brew install node@24\), then start again\.\n$/);
});
