/** As root, what a site's user left is given back and removed, while that user swaps a link in for a directory of it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { removeRelease } from '../../src/codebase/release.ts';
import { giveBack } from '../../src/codebase/steps.ts';
import { openDirectory, SITE_USER } from './tools.ts';

const scratch = openDirectory();
after(() => rmSync(scratch, { recursive: true }));

const FILES = 1_000;
const OTHER = 61_902;
const options = { skip: SITE_USER ? false : 'only root gives anything back' };

/** `files` below `directory`, all of it one user's and open to everybody. */
function fill(directory: string, uid: number): void {
  mkdirSync(directory);
  for (let n = 0; n < FILES; n += 1) {
    writeFileSync(path.join(directory, `f${n}`), '');
    chownSync(path.join(directory, `f${n}`), uid, uid);
  }
  chownSync(directory, uid, uid);
  chmodSync(directory, 0o777);
}

/** Puts a link to `victim` in the place of `directory` and back, until it may no more; known to be at it once this resolves. */
async function swap(directory: string, victim: string): Promise<ChildProcess> {
  const script = `import os, sys
directory, victim = sys.argv[1:]
said = False
while True:
    try:
        os.rename(directory, directory + '.away')
        os.symlink(victim, directory)
        os.unlink(directory)
        os.rename(directory + '.away', directory)
    except PermissionError:
        break
    except OSError:
        if not os.path.isdir(os.path.dirname(directory)): break
    if not said: print('swapping', flush=True)
    said = True
`;
  const child = spawn('python3', ['-c', script, directory, victim], { ...SITE_USER, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function victimOf(name: string): string {
  const victim = path.join(scratch, name);
  fill(victim, OTHER);
  return victim;
}

test('giving collected files back takes nothing else from anybody', options, async () => {
  const victim = victimOf('victim');
  const collected = path.join(scratch, 'static');
  mkdirSync(path.join(collected, 'open'), { recursive: true });
  for (const each of [collected, path.join(collected, 'open')]) chownSync(each, SITE_USER!.uid, SITE_USER!.gid);
  chmodSync(path.join(collected, 'open'), 0o777);
  fill(path.join(collected, 'open/swapped'), SITE_USER!.uid);
  const swapping = await swap(path.join(collected, 'open/swapped'), victim);
  await giveBack(collected);
  await ended(swapping);
  const taken = readdirSync(victim).filter((name) => statSync(path.join(victim, name)).uid !== OTHER);
  assert.deepEqual(taken, []);
  for (const each of ['', 'open']) assert.equal(statSync(path.join(collected, each)).uid, process.getuid!());
});

test('removing a release whose collecting failed removes nothing else', options, async () => {
  const victim = victimOf('other');
  const collected = path.join(scratch, 'r00000gone0/static');
  mkdirSync(collected, { recursive: true });
  chownSync(collected, SITE_USER!.uid, SITE_USER!.gid);
  fill(path.join(collected, 'swapped'), SITE_USER!.uid);
  const swapping = await swap(path.join(collected, 'swapped'), victim);
  // What is swapped away and back while it is removed may stay; what it was swapped for must.
  await removeRelease(scratch, 'r00000gone0').catch(() => {});
  await ended(swapping);
  assert.equal(readdirSync(victim).length, FILES);
  await removeRelease(scratch, 'r00000gone0');
  assert.equal(existsSync(path.dirname(collected)), false);
});
