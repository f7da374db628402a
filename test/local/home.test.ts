import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findHome, HomeError, isReachable, openHome } from '../../src/local/home.ts';

const scratch = mkdtempSync(join(tmpdir(), 'reeve-home-'));
chmodSync(scratch, 0o755);
after(() => rmSync(scratch, { recursive: true }));

function clone(name: string): string {
  const path = join(scratch, name);
  mkdirSync(path, { recursive: true });
  return path;
}

test('state is kept in the clone, where its path allows it', () => {
  const path = clone('plain');
  const home = findHome({ clone: path, env: { HOME: scratch }, uid: 1000 });
  assert.equal(home.root, join(path, '.reeve'));
  assert.equal(home.why, 'the default');
});

test('a clone whose path has a space keeps it in the user’s state directory, each clone in its own', () => {
  const one = findHome({ clone: clone('my sites'), env: { HOME: scratch }, uid: 1000 });
  const two = findHome({ clone: clone('my other sites'), env: { HOME: scratch }, uid: 1000 });
  assert.match(one.root, new RegExp(`^${scratch}/\\.local/state/reeve/[0-9a-f]{8}$`));
  assert.notEqual(one.root, two.root);
  assert.notEqual(one.runDir, two.runDir);
  assert.match(one.why, /characters/);
  const elsewhere = findHome({ clone: clone('my sites'), env: { HOME: scratch, XDG_STATE_HOME: `${scratch}/state` }, uid: 1000 });
  assert.match(elsewhere.root, new RegExp(`^${scratch}/state/reeve/`));
});

test('as root, where other users cannot get to it, in /var/lib/reeve', () => {
  const closed = clone('closed');
  chmodSync(closed, 0o700);
  const path = clone('closed/clone');
  assert.equal(isReachable(path), false);
  const home = findHome({ clone: path, env: { HOME: closed }, uid: 0 });
  assert.match(home.root, /^\/var\/lib\/reeve\/[0-9a-f]{8}$/);
  // Not as root there are no other users to reach it.
  assert.equal(findHome({ clone: path, env: { HOME: closed }, uid: 1000 }).root, join(path, '.reeve'));
});

test('REEVE_HOME says where, and a place that uWSGI cannot name is refused', () => {
  const env = { REEVE_HOME: join(scratch, 'mine') };
  assert.equal(findHome({ clone: clone('plain'), env }).root, join(scratch, 'mine'));
  assert.throws(() => findHome({ clone: clone('plain'), env: { REEVE_HOME: '/srv/my sites' } }), HomeError);
});

test('sockets fit into 103 bytes, however long the clone’s path is', () => {
  const home = findHome({ clone: clone('a'.repeat(200)), env: { HOME: scratch }, uid: 1000 });
  assert.ok(home.runDir.length <= 70, home.runDir);
});

test('an opened home keeps secrets closed, and refuses a socket directory that is a symlink', () => {
  const home = findHome({ root: join(scratch, 'opened') });
  openHome(home);
  openHome(home);
  assert.equal(statSync(home.secretsDir).mode & 0o777, 0o700);
  rmSync(home.runDir, { recursive: true });
  symlinkSync(scratch, home.runDir);
  try {
    assert.throws(() => openHome(home), HomeError);
  } finally {
    rmSync(home.runDir);
  }
});
