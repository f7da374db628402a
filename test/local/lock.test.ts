import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findHome, openHome } from '../../src/local/home.ts';
import { HomeLockedError, lockHome } from '../../src/local/home-lock.ts';
import { tryLock, withLock } from '../../src/local/lock.ts';
import { identify } from '../../src/process/identity.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-lock-'));
chmodSync(scratch, 0o755); // as root, a home that other users cannot reach is refused
const home = findHome({ root: join(scratch, 'home') });
openHome(home);
after(() => {
  rmSync(scratch, { recursive: true });
  rmSync(home.runDir, { recursive: true });
});

/** Another process that holds a lock until it is killed. */
async function holder(file: string): Promise<ChildProcess> {
  const module = fileURLToPath(new URL('../../src/local/lock.ts', import.meta.url));
  const script = `import(${JSON.stringify(module)}).then(({ tryLock }) => { if (tryLock(${JSON.stringify(file)}).held) console.log('held'); setInterval(() => {}, 1e6); })`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  return child;
}

test('a second start says who holds the home, since when, and where it answers', async (t) => {
  const other = await holder(home.lockFile);
  t.after(() => other.kill('SIGKILL'));
  writeFileSync(home.accessFile, JSON.stringify({ api: 'http://127.0.0.1:4100', dashboard: 'http://127.0.0.1:4100', token: 'hidden' }));
  assert.throws(
    () => lockHome(home),
    (error: unknown) => {
      assert.ok(error instanceof HomeLockedError);
      assert.equal(error.holder.pid, other.pid);
      assert.match(error.message, new RegExp(`process ${other.pid}, since 2.*answers at http://127.0.0.1:4100\\. Its state`));
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    },
  );
  other.kill('SIGKILL');
  await once(other, 'exit');
  lockHome(home).release();
});

test('a lock whose number another process has by now is stale', () => {
  const file = join(scratch, 'recycled');
  // This very process's number, but started at another time.
  writeFileSync(file, JSON.stringify({ pid: process.pid, start: 'earlier', since: '2020-01-01T00:00:00Z' }));
  const attempt = tryLock(file);
  assert.equal(attempt.held, true);
  assert.equal(tryLock(file).held, false);
  if (attempt.held) attempt.release();
  assert.equal(identify(process.pid)?.start === 'earlier', false);
});

test('a lock that was written half is taken over', () => {
  const file = join(scratch, 'half');
  writeFileSync(file, '{"pid": 1');
  assert.equal(tryLock(file).held, true);
});

test('those that wait get it one after the other, and leave nothing behind', async () => {
  const file = join(scratch, 'shared');
  let inside = 0;
  await Promise.all(
    [1, 2, 3].map(() =>
      withLock(file, () => {}, async () => {
        inside += 1;
        assert.equal(inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      }),
    ),
  );
  assert.deepEqual(readdirSync(scratch).filter((name) => name.startsWith('shared')), []);
});
