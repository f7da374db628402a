/** Tests write to memory only where there is enough of it, and where programs may run from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasRoom } from './in-memory.ts';

const machine = { room: 12 * 2 ** 30, free: 20 * 2 ** 30, mounts: '/dev/vda / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0\n' };

test('a machine with room, and no other', () => {
  assert.equal(hasRoom(machine), true);
  assert.equal(hasRoom({ ...machine, room: 64 * 2 ** 20 }), false, 'a container’s 64 MiB');
  assert.equal(hasRoom({ ...machine, free: 6 * 2 ** 30 }), false, 'a small machine');
  assert.equal(hasRoom({ ...machine, mounts: machine.mounts.replace('nosuid', 'noexec') }), false, 'no program runs there');
  assert.equal(hasRoom({ ...machine, mounts: '/dev/vda / ext4 rw 0 0\n' }), false, 'it is a directory of the disk');
  assert.equal(hasRoom({ ...machine, mounts: `${machine.mounts}tmpfs /dev/shm tmpfs rw,noexec 0 0\n` }), false, 'what is mounted last counts');
});
