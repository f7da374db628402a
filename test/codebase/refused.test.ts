import assert from 'node:assert/strict';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type CodebaseFinding,
  CodebaseRefused,
  type CodebaseStep,
  checkCodebase,
  migrate,
  runHook,
} from '../../src/codebase/index.ts';
import { SITE_USER, siteFileFor, TWELVE_FACTOR } from './tools.ts';
import { append, type Change, describeAs, openWorkshop, type Workshop } from './workshop.ts';

const BAD: [string, CodebaseStep, RegExp, Change][] = [
  ['has no codebase.json', 'read', /does not exist/, (root) => rmSync(path.join(root, 'codebase.json'))],
  ['has one that is not JSON', 'read', /is not JSON/, (root) => writeFileSync(path.join(root, 'codebase.json'), '{')],
  ['has one with unknown words', 'read', /comands: is not known here/, describeAs({ comands: {} })],
  ['names a file that is not there', 'read', /there is no file reqs\.txt/, describeAs({ requirements: 'reqs.txt' })],
  [
    'links out of itself',
    'copy',
    /secret is a link that leads out/,
    (root) => symlinkSync('/etc/hostname', path.join(root, 'secret')),
  ],
  ['wants another Python', 'python', /wants Python >=4\.0/, describeAs({ python: '>=4.0' })],
  [
    'requires what does not exist',
    'requirements',
    /reeve-no-such-file\.whl/,
    append('requirements.txt', './reeve-no-such-file.whl'),
  ],
  [
    'does not import',
    'import',
    /ModuleNotFoundError: No module named 'flowers'/,
    append('project/settings.py', 'import flowers'),
  ],
  ['has no such callable', 'import', /project\.wsgi has no callable app/, describeAs({ wsgi: 'project.wsgi:app' })],
  [
    'asks for a variable nobody gives',
    'import',
    /KeyError: 'NEVER_GIVEN'/,
    append('project/settings.py', 'os.environ["NEVER_GIVEN"]'),
  ],
  [
    'does not import, with requirements of its own',
    'import',
    /no flowers/,
    (root) => {
      append('requirements.txt', '# of its own')(root);
      append('project/wsgi.py', 'raise ImportError("no flowers")')(root);
    },
  ],
  [
    'fails Django’s checks',
    'check',
    /SystemCheckError/,
    append('shop/models.py', 'class Bad(models.Model):\n    name = models.CharField(max_length="x")'),
  ],
  [
    'names static files that are missing',
    'collectStatic',
    /missing\.png/,
    append('shop/static/shop/shop.css', 'body { background: url("missing.png"); }'),
  ],
];

describe('a codebase that cannot be hosted', () => {
  let shop: Workshop;
  before(async () => {
    shop = await openWorkshop();
    await shop.install(TWELVE_FACTOR);
  });
  after(() => shop?.close());

  for (const [what, step, says, change] of BAD) {
    it(`is refused and leaves nothing when it ${what}`, async () => {
      const before = shop.listed();
      const refused = await shop.install(shop.changed(change)).then(
        () => assert.fail('it was installed'),
        (error: unknown) => error,
      );
      assert.ok(refused instanceof CodebaseRefused, String(refused));
      assert.equal(refused.step, step);
      assert.match(refused.lastLines.join('\n'), says);
      assert.deepEqual(shop.listed(), before);
    });
  }

  it('is refused when a migration fails, with last lines that hold no secrets', async () => {
    const release = await shop.install(shop.changed(addFailingMigration));
    const database = await shop.server.makeDatabase('s0000000c3');
    // One that stands in the URL as it is.
    await shop.server.query("ALTER ROLE s0000000c3_v1 PASSWORD 'plain-password'");
    const known = { ...database, password: 'plain-password' };
    const site = siteFileFor(shop.directory, 's0000000c3', 'gamma', known, release.static);
    const refused = await migrate({ release, site, user: SITE_USER }).catch((error: unknown) => error);
    assert.ok(refused instanceof CodebaseRefused);
    assert.equal(refused.step, 'migrate');
    assert.match(refused.lastLines.at(-1)!, /RuntimeError: no luck at postgres:\/\/s0000000c3_v1:\*\*\*@/);
  });

  it('is ended with all that it started when a hook takes too long', async () => {
    const root = shop.changed((made) => {
      const sleeper = 'import subprocess, sys, time\nprint("waiting", flush=True)\n';
      const child = 'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])\ntime.sleep(600)\n';
      writeFileSync(path.join(made, 'hook.py'), sleeper + child);
      describeAs({ commands: { created: ['hook.py'] } })(made);
    });
    const release = await shop.install(root);
    const nowhere = { host: '127.0.0.1', port: 9, name: 'none', user: 'none', password: 'no-database' };
    const site = siteFileFor(shop.directory, 's0000000d4', 'delta', nowhere, release.static);
    const refused = await runHook('created', { release, site, timeoutMs: 1000 }).catch((error: unknown) => error);
    assert.ok(refused instanceof CodebaseRefused);
    assert.deepEqual(refused.lastLines, ['waiting', '(ended after 1 s, its time limit)']);
    assert.equal(await runHook('primaryChanged', { release, site }), null);
  });

  describe('is checked', () => {
    const check = (root: string) =>
      checkCodebase(root, {
        ...shop.tools,
        releasesDir: shop.releasesDir,
        user: SITE_USER,
        withDatabase: async (use) => use(await shop.server.makeDatabase(`check${shop.next()}`)),
      });
    const states = (found: readonly CodebaseFinding[]) =>
      Object.fromEntries(found.filter(({ state }) => state !== 'ok').map(({ step, state }) => [step, state]));

    it('with nothing found wrong with a good one, and nothing left', async () => {
      const before = shop.listed();
      const found = await check(TWELVE_FACTOR);
      // It has no hooks.
      assert.deepEqual(states(found), { created: 'skipped', primaryChanged: 'skipped' }, JSON.stringify(found));
      assert.deepEqual(shop.listed(), before);
    });

    it('to the end though there are problems, each with what to do', async () => {
      const root = shop.changed((made) => {
        append('shop/static/shop/shop.css', 'body { background: url("missing.png"); }')(made);
        writeFileSync(path.join(made, 'hook.py'), 'raise SystemExit("no hook today")');
        describeAs({ commands: { created: ['hook.py'] } })(made);
      });
      const found = await check(root);
      assert.deepEqual(states(found), {
        collectStatic: 'problem',
        created: 'problem',
        primaryChanged: 'skipped',
        health: 'skipped',
      });
      assert.deepEqual(found.find(({ step }) => step === 'created')?.lastLines, ['no hook today']);
      assert.ok(found.every(({ state, advice }) => (advice !== null) === (state === 'problem')));
    });

    it('for a failing migration', async () => {
      const found = await check(shop.changed(addFailingMigration));
      assert.equal(states(found).migrate, 'problem');
    });

    it('for a health path that does not answer', async () => {
      const found = await check(shop.changed(describeAs({ health: { path: '/healthy/', statuses: [200] } })));
      const health = found.find(({ step }) => step === 'health');
      assert.equal(health?.state, 'problem');
      assert.equal(health?.lastLines.at(-1), '/healthy/ answered 404, not 200.');
    });
  });
});

function addFailingMigration(root: string): void {
  const migration = `
import os
from django.db import migrations

def fail(apps, editor):
    raise RuntimeError("no luck at " + os.environ["DATABASE_URL"])

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fail)]
`;
  writeFileSync(path.join(root, 'shop/migrations/0002_fails.py'), migration);
}
