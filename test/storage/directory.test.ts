import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { makeId } from '../../src/domain/id.ts';
import { createDirectoryStore } from '../../src/storage/directory.ts';
import type { StoreSite } from '../../src/storage/store.ts';

const root = process.getuid?.() === 0;
const home = mkdtempSync(join(tmpdir(), 'reeve-test-stores-'));
chmodSync(home, 0o711);
const storesDir = join(home, 'stores');
const FIRST = 41_000;
const NGINX = 40_999;
const store = createDirectoryStore({ storesDir, firstUid: root ? FIRST : null, nginxGid: root ? NGINX : null });
after(() => rmSync(home, { recursive: true, force: true }));

let number = 0;
function newSite(): StoreSite {
  number += 1;
  return { id: makeId('s', randomBytes(9)), number, secretVersion: 1, store: { kind: 'directory' } };
}
const directory = (site: StoreSite) => join(storesDir, site.id);

/** What a shell of another user says: true when it succeeded. */
const can = (uid: number, gid: number, script: string) =>
  promisify(execFile)('/bin/sh', ['-c', script], { uid, gid }).then(() => true, () => false);

test('a site’s directory is the site’s to write, nginx’s to read, and nobody else’s', { skip: !root && 'only root can be several users' }, async () => {
  const [a, b] = [newSite(), newSite()];
  await store.create(a);
  await store.create(b);
  const { uid, gid, mode } = statSync(directory(a));
  assert.deepEqual({ uid, gid, mode: mode & 0o777 }, { uid: FIRST + a.number, gid: NGINX, mode: 0o750 });
  const own = FIRST + a.number;
  // With a strict umask too, nginx reads what the site writes.
  assert.ok(await can(own, own, `umask 027; mkdir ${directory(a)}/images && echo hello > ${directory(a)}/images/x.txt`));
  assert.ok(await can(40_998, NGINX, `grep -q hello ${directory(a)}/images/x.txt`));
  assert.ok(!(await can(40_998, NGINX, `echo bad > ${directory(a)}/images/x.txt`)));
  assert.ok(!(await can(40_998, NGINX, `touch ${directory(a)}/new`)));
  const other = FIRST + b.number;
  assert.ok(!(await can(other, other, `cat ${directory(a)}/images/x.txt`)));
  assert.ok(!(await can(other, other, `ls ${directory(a)}`)));
  assert.ok(!(await can(other, other, `touch ${directory(a)}/new`)));
  assert.ok(!(await can(other, other, `ls ${storesDir}`)), 'sites cannot see which others there are');
  assert.ok(await can(other, other, `touch ${directory(b)}/new`));
});

test('created twice, it keeps what is in it', async () => {
  const site = newSite();
  await store.create(site);
  writeFileSync(join(directory(site), 'kept'), 'kept');
  await store.create(site);
  assert.equal(readFileSync(join(directory(site), 'kept'), 'utf8'), 'kept');
  assert.deepEqual(store.describe(site, '/media/'), { kind: 'directory', root: directory(site), mediaUrl: '/media/' });
});

test('locked, the site’s own user does not get in; unlocked, all is there; each twice', async () => {
  const site = newSite();
  await store.create(site);
  writeFileSync(join(directory(site), 'kept'), 'kept', { mode: 0o644 });
  await store.lock(site);
  await store.lock(site);
  assert.ok(!existsSync(directory(site)));
  if (root) assert.ok(!(await can(FIRST + site.number, FIRST + site.number, `cat ${storesDir}/.locked-${site.id}/kept`)));
  await assert.rejects(store.create(site), { type: 'conflict' });
  await store.unlock(site);
  await store.unlock(site);
  assert.equal(readFileSync(join(directory(site), 'kept'), 'utf8'), 'kept');
  assert.equal(statSync(directory(site)).mode & 0o777, 0o750);
  await assert.rejects(store.lock(newSite()), { type: 'not-found' });
  await assert.rejects(store.unlock(newSite()), { type: 'not-found' });
});

test('dropping leaves nothing, locked or not, cut short or not, twice', async () => {
  const sites = [newSite(), newSite(), newSite()];
  for (const site of sites) {
    await store.create(site);
    mkdirSync(join(directory(site), 'deep/er'), { recursive: true });
    writeFileSync(join(directory(site), 'deep/er/file'), 'x');
  }
  await store.lock(sites[1]!);
  // A worker that died in the middle of dropping left this one aside.
  mkdirSync(join(storesDir, `.dropped-${sites[2]!.id}`));
  for (const site of sites) {
    await store.drop(site);
    await store.drop(site);
    assert.deepEqual(readdirSync(storesDir).filter((name) => name.includes(site.id)), []);
  }
});

test('paths come from ids alone', async () => {
  const site = { ...newSite(), id: '../../etc' };
  await assert.rejects(store.create(site), RangeError);
  await assert.rejects(store.drop(site), RangeError);
  assert.throws(() => store.describe(site, '/media/'), RangeError);
});
