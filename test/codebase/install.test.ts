import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { digestOfRelease } from '../../src/codebase/digest.ts';
import { discardRelease, migrate, readRelease } from '../../src/codebase/index.ts';
import { multipart } from '../tenant/multipart.ts';
import { Cookies, startVassal } from '../tenant/vassal.ts';
import { SITE_USER, siteFileFor, TWELVE_FACTOR } from './tools.ts';
import { append, describeAs, openWorkshop, type Workshop } from './workshop.ts';

describe('releases of a codebase', () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
    await shop.install(TWELVE_FACTOR, 'r00000one0');
  });
  after(() => shop?.close());

  const first = async () => (await readRelease(shop.releasesDir, 'r00000one0'))!;

  it('installs an unmodified codebase, which serves its own rows and uploads as its own user', async () => {
    const release = await first();
    const database = await shop.server.makeDatabase('s0000000a1');
    const site = siteFileFor(shop.directory, 's0000000a1', 'alpha', database, release.static);
    await migrate({ release, site, user: SITE_USER });
    const owner = await shop.server.query(
      "SELECT tableowner FROM pg_tables WHERE tablename = 'shop_item'",
      's0000000a1',
    );
    assert.deepEqual(owner, [{ tableowner: 's0000000a1_owner' }]);

    const vassal = await startVassal(release, site, shop.directory, SITE_USER);
    try {
      await shop.server.query("INSERT INTO shop_item (name, picture) VALUES ('A teapot', '')", 's0000000a1');
      const page = await vassal.request('/');
      assert.equal(page.status, 200);
      assert.match(page.body, /<h1>alpha<\/h1>[\s\S]*A teapot/);
      assert.match(page.body, /\/static\/shop\/shop\.[0-9a-f]{12}\.css/);
      assert.equal((await vassal.request('/', { host: 'beta.localhost' })).status, 400);

      const cookies = new Cookies();
      cookies.take(page);
      const csrfmiddlewaretoken = page.body.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)![1]!;
      const file = { name: 'file', filename: 'tea.txt', type: 'text/plain', contents: Buffer.from('hot') };
      const form = multipart({ csrfmiddlewaretoken }, file);
      const uploaded = await vassal.request('/upload/', { method: 'POST', cookies, ...form });
      assert.deepEqual([uploaded.status, uploaded.body], [201, '/media/pictures/tea.txt']);
      const stored = path.join(shop.directory, 'stores/s0000000a1/pictures/tea.txt');
      assert.equal(readFileSync(stored, 'utf8'), 'hot');
      if (SITE_USER) assert.equal(statSync(stored).uid, SITE_USER.uid);
    } finally {
      await vassal.stop();
    }
  });

  it('leaves everything readable to other users and its own, and is finished by its release.json', async () => {
    const release = await first();
    assert.match(release.manifest.digest, /^[0-9a-f]{64}$/);
    assert.equal(await digestOfRelease(release.directory), release.manifest.digest, 'whoever compares it later finds the same');
    const modes = new Set<string>();
    for (const root of [release.code, release.static, release.venv]) {
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        if (entry.isSymbolicLink()) continue;
        const status = lstatSync(path.join(entry.parentPath, entry.name));
        modes.add((status.mode & 0o777).toString(8));
        assert.equal(status.uid, process.getuid!());
      }
    }
    assert.deepEqual([...modes].sort(), ['644', '755']);
    assert.ok(existsSync(path.join(release.static, 'staticfiles.json')));
    assert.ok(readdirSync(path.join(release.code, 'shop/__pycache__')).length > 0);
    assert.ok(statSync(path.join(release.directory, 'venv/bin/python3')).isFile());
  });

  it('installs the same requirements once, gives the same code the same digest, and repeats nothing', async () => {
    const one = await first();
    const before = shop.installs();
    const same = await shop.install(TWELVE_FACTOR);
    const other = await shop.install(shop.changed(append('shop/views.py', '# changed')));
    assert.equal(shop.installs(), before);
    assert.equal(same.manifest.digest, one.manifest.digest);
    assert.notEqual(other.manifest.digest, one.manifest.digest);
    assert.equal(other.venv, one.venv);
    assert.deepEqual(await shop.install('/nowhere', 'r00000one0'), one);
  });

  it('is made once when several ask for it at the same time', async () => {
    const root = shop.changed(append('requirements.txt', '# other requirements'));
    const before = shop.installs();
    const made = await Promise.all([1, 2, 3].map(() => shop.install(root, 'r00000same')));
    const other = await Promise.all([shop.install(root), shop.install(root)]);
    assert.equal(shop.installs(), before + 1);
    assert.equal(new Set([...made, ...other].map(({ venv }) => venv)).size, 1);
    assert.deepEqual(made[1], made[0]);
    // What nothing uses any more goes with the last that used it.
    const [last, ...rest] = [made[0]!, ...other];
    for (const { manifest } of rest) await discardRelease(shop.releasesDir, manifest.id);
    assert.ok(existsSync(last!.venv));
    await discardRelease(shop.releasesDir, last!.manifest.id);
    assert.equal(existsSync(last!.venv), false);
  });

  it('takes over from a maker that is gone', async () => {
    const file = path.join(shop.releasesDir, 'r00000gone.making');
    // Linux gives no process this number; nor did any begin then.
    writeFileSync(file, '4194305 1 x');
    await shop.install(TWELVE_FACTOR, 'r00000gone');
    assert.equal(existsSync(file), false);
  });

  it('makes a release that was cut short anew', async () => {
    const cut = path.join(shop.releasesDir, 'r00000cut0');
    mkdirSync(path.join(cut, 'code'), { recursive: true });
    writeFileSync(path.join(cut, 'code/left.py'), '');
    assert.equal(await readRelease(shop.releasesDir, 'r00000cut0'), null);
    const release = await shop.install(TWELVE_FACTOR, 'r00000cut0');
    assert.equal(existsSync(path.join(release.code, 'left.py')), false);
    await discardRelease(shop.releasesDir, 'r00000cut0');
    assert.equal(existsSync(cut), false);
    assert.ok(existsSync(release.venv), 'others use it');
  });

  it('copies no version control, secrets, caches or environments, and what is excluded stays behind', async () => {
    const root = shop.changed((made) => {
      for (const name of ['.git', 'env', 'media', 'shop/__pycache__'])
        mkdirSync(path.join(made, name), { recursive: true });
      writeFileSync(path.join(made, 'env/pyvenv.cfg'), '');
      writeFileSync(path.join(made, '.env'), 'SECRET_KEY=mine');
      writeFileSync(path.join(made, 'media/x.txt'), '');
      symlinkSync('manage.py', path.join(made, 'run.py'));
      describeAs({ exclude: ['media'] })(made);
    });
    const { code } = await shop.install(root);
    const copied = readdirSync(code).filter((name) => name !== '__pycache__');
    assert.deepEqual(copied.sort(), ['codebase.json', 'manage.py', 'project', 'requirements.txt', 'run.py', 'shop']);
  });

  it('keeps static files where the settings insist on a place', async () => {
    const root = shop.changed((made) => {
      append('project/settings.py', 'STATIC_ROOT = BASE_DIR / "collected"')(made);
      describeAs({ static: { url: '/static/', root: 'collected' } })(made);
    });
    const release = await shop.install(root);
    assert.equal(statSync(release.static).uid, process.getuid!());
    assert.ok(existsSync(path.join(release.static, 'staticfiles.json')));
    assert.ok(existsSync(path.join(release.code, 'collected/staticfiles.json')));
  });
});
