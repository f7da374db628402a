/** A codebase that knows nothing of Reeve, through a site's whole life: made, bound, upgraded, restarted, deleted, purged. Its last part ends the platform. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import pg from 'pg';
import type { SiteFileDatabase } from '../../../src/domain/site-file.ts';
import { isRunning } from '../../../src/process/identity.ts';
import { SUPERUSER } from '../../../src/local/postgres-cluster.ts';
import { moment } from '../../moment.ts';
import { inEachContainer, runOver, until, visit } from '../platform.ts';
import { Visitor } from '../visitor.ts';
import { visitors } from '../visitors.ts';
import { FIXTURE, platform, startAgain } from './platform.ts';

describe('a site’s whole life', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'reeve-life-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  let shop: { id: string; release: string };

  /** Commit a request and wait for its run. */
  async function done(method: 'POST' | 'DELETE', path: string, body?: unknown, state = 'completed') {
    const answer = await platform.api.request(method, path, { body, ...(method === 'DELETE' ? { ifMatch: '*' } : {}) });
    const run = await runOver(platform, answer.run.id, state);
    return { answer, run };
  }

  async function everyContainerServes(hostname: string, site: string, check: (page: { status: number; text: string }) => void) {
    const pages = await inEachContainer(platform, hostname);
    const { items } = await platform.api.request('GET', '/containers');
    assert.equal(pages.size, items.filter((one: { role: string; state: string }) => one.role === 'site' && one.state === 'ready').length);
    for (const page of pages.values()) {
      assert.equal(page.site, site);
      check(page);
    }
    check(await visit(platform, hostname));
  }

  test('a site is created and every container serves it', async () => {
    const { answer } = await done('POST', '/sites', { name: 'shop' });
    shop = answer;
    await everyContainerServes('shop.localhost', shop.id, (page) => {
      assert.equal(page.status, 200);
      assert.match(page.text, /shop/);
    });
  });

  test('a hostname is bound, redirects to the primary, is unbound, and is then unknown', async () => {
    await done('POST', `/sites/${shop.id}/hostnames`, { hostname: 'www-shop.localhost', role: 'redirect' });
    const { port } = new URL(platform.access.edge);
    const page = await visit(platform, 'www-shop.localhost', '/a?b=1');
    assert.equal(page.status, 301);
    assert.equal(page.headers.location, `http://shop.localhost:${port}/a?b=1`);
    await done('DELETE', '/hostnames/www-shop.localhost');
    assert.equal((await visit(platform, 'www-shop.localhost')).status, 421);
  });

  test('an alias is allowed by a codebase that reads its hostnames once, when it starts', async () => {
    await done('POST', `/sites/${shop.id}/hostnames`, { hostname: 'alias.localhost', role: 'alias' });
    await until('every container serves the alias', async () => {
      await everyContainerServes('alias.localhost', shop.id, (page) => assert.equal(page.status, 200));
      return true;
    });
  });

  test('a third container boots from the platform’s state and joins', async () => {
    await done('POST', '/containers', {});
    const pages = await inEachContainer(platform, 'shop.localhost');
    assert.equal(pages.size, 3);
    await everyContainerServes('shop.localhost', shop.id, (page) => assert.equal(page.status, 200));
  });

  test('a suspended site shows its maintenance page, and comes back', async () => {
    await done('POST', `/sites/${shop.id}/suspend`);
    const page = await visit(platform, 'shop.localhost');
    assert.equal(page.status, 503);
    assert.ok(page.headers['retry-after']);
    await done('POST', `/sites/${shop.id}/resume`);
    assert.equal((await visit(platform, 'shop.localhost')).status, 200);
  });

  test('secrets are rotated while a visitor writes: nothing fails, the session goes on, the former password is refused', async () => {
    await platform.api.request('PATCH', `/sites/${shop.id}`, { body: { settings: { harakiri: 5 } }, ifMatch: '*' });
    const person = new Visitor(platform, 'shop.localhost');
    await person.get('/');
    const former = databasesIn(await siteContainers());
    assert.equal(await logsIn(former[0]!), true);

    let going = true;
    let added = 0;
    const failed: string[] = [];
    const writing = (async () => {
      while (going) {
        const { status, text } = await person.post('/', { name: 'one more' });
        added += 1;
        if (status !== 200 || !text.includes(`You added ${added}.`)) failed.push(`${added}: ${status} ${/You added \d+/.exec(text)?.[0]}`);
        await moment(50);
      }
    })();
    const reading = visitors(platform, ['shop.localhost']);
    const { run } = await done('POST', `/sites/${shop.id}/rotate-secrets`);
    const before = added;
    await until('the visitor has written more', () => added > before + 3);
    going = false;
    await writing;
    const { count, failed: unread } = await reading.stop();
    assert.deepEqual([run.result.heldBack, failed, unread], [[], [], []]);
    assert.ok(before > 0 && count > 0);

    const now = databasesIn(await siteContainers());
    assert.equal(new Set(now.map(({ user }) => user)).size, 1, 'every container has the same ones');
    assert.deepEqual([await logsIn(now[0]!), await logsIn(former[0]!)], [true, false]);
  });

  const siteContainers = async (): Promise<string[]> => (await platform.api.request('GET', '/containers')).items
    .flatMap(({ id, role, state }: { id: string; role: string; state: string }) => (role === 'site' && state === 'ready' ? [id] : []));

  /** All that the site's processes there have said. */
  const logsOf = (container: string): string => {
    const directory = join(platform.home, 'containers', container, 'log/sites', shop.id);
    return readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8')).join('\n');
  };

  /** What the site's processes there log in with. */
  const databasesIn = (containers: readonly string[]): SiteFileDatabase[] => containers.map((container) =>
    JSON.parse(readFileSync(join(platform.home, 'containers', container, 'sites', `${shop.id}.json`), 'utf8')).database);

  /** False when the server refuses the name or the password. */
  async function logsIn({ name, ...rest }: SiteFileDatabase): Promise<boolean> {
    const client = new pg.Client({ ...rest, database: name });
    try {
      await client.connect();
      return true;
    } catch (error) {
      assert.equal((error as { code?: string }).code, '28P01', String(error));
      return false;
    } finally {
      await client.end();
    }
  }

  /** The fixture with changes, prepared as a release. */
  async function release(name: string, change: (directory: string) => void, state = 'completed') {
    const source = join(scratch, name);
    cpSync(FIXTURE, source, { recursive: true });
    change(source);
    const { answer, run } = await done('POST', '/releases', { source }, state);
    return { id: answer.id as string, run };
  }

  test('after an upgrade, a page of the old release still finds its files', async () => {
    const before = await visit(platform, 'shop.localhost');
    const oldStyle = /href="(\/static\/shop\/shop\.[0-9a-f]+\.css)"/.exec(before.text)![1]!;
    const next = await release('next', (directory) => {
      writeFileSync(join(directory, 'shop/static/shop/shop.css'), 'body { color: teal }\n');
      const page = join(directory, 'shop/templates/shop/front.html');
      writeFileSync(page, readFileSync(page, 'utf8').replace('</body>', '<p>second edition</p></body>'));
    });
    await done('POST', `/sites/${shop.id}/upgrade`, { release: next.id });
    await everyContainerServes('shop.localhost', shop.id, (page) => assert.match(page.text, /second edition/));
    const after = await visit(platform, 'shop.localhost');
    const newStyle = /href="(\/static\/shop\/shop\.[0-9a-f]+\.css)"/.exec(after.text)![1]!;
    assert.notEqual(newStyle, oldStyle);
    for (const style of [oldStyle, newStyle]) assert.equal((await visit(platform, 'shop.localhost', style)).status, 200, style);
  });

  test('fault 20: a release whose code does not start is stopped, and the site keeps the old one and its data', async () => {
    // It imports and migrates well, and fails only where it serves.
    const broken = await release('broken', (directory) => {
      const wsgi = join(directory, 'project/wsgi.py');
      writeFileSync(wsgi, `${readFileSync(wsgi, 'utf8')}\nimport sys\nif "pyuwsgi" in sys.modules or "uwsgi" in sys.modules:\n    raise RuntimeError("this code does not start")\n`);
    });
    const { run } = await done('POST', `/sites/${shop.id}/upgrade`, { release: broken.id }, 'compensated');
    const [, tried] = /does not start on release \w+ in (c\w+), where it was tried first/.exec(run.error.message) ?? [];
    assert.match(run.error.message, /no migration had run, so its data stayed as they are/);
    const containers = await siteContainers();
    assert.equal(containers.length, 3);
    assert.deepEqual(containers.filter((container) => logsOf(container).includes('this code does not start')), [tried], 'the others never started it');
    await until('every container serves the old release again', async () => {
      await everyContainerServes('shop.localhost', shop.id, (page) => {
        assert.equal(page.status, 200);
        assert.match(page.text, /second edition/);
      });
      return true;
    });
    const site = await platform.api.request('GET', `/sites/${shop.id}`);
    assert.notEqual(site.release, broken.id);
  });

  test('a codebase that does not import is refused with its own last lines', async () => {
    const { run } = await release('unimportable', (directory) => {
      writeFileSync(join(directory, 'project/wsgi.py'), 'import a_module_that_is_not_there\n');
    }, 'compensated');
    assert.match(run.error.message, /a_module_that_is_not_there/);
    assert.equal(run.error.type, 'codebase-refused');
  });

  test('after Ctrl-C and another start all is still there', async () => {
    await platform.stop();
    assert.match(platform.output(), /all is kept/);
    await startAgain();
    await until('every container serves', async () => {
      await everyContainerServes('shop.localhost', shop.id, (page) => assert.equal(page.status, 200));
      assert.equal((await inEachContainer(platform, 'shop.localhost')).size, 3, 'the added container is back');
      return true;
    });
  });

  test('a deleted site is gone for visitors, can be restored with its data, and once purged leaves nothing', async () => {
    await done('DELETE', `/sites/${shop.id}`);
    assert.equal((await visit(platform, 'shop.localhost')).status, 421);
    await assert.rejects(platform.api.request('POST', '/sites', { body: { name: 'other', hostnames: [{ hostname: 'alias.localhost' }] } }),
      { type: 'exists' }, 'its hostnames stay reserved');
    await done('POST', `/sites/${shop.id}/restore`);
    await everyContainerServes('shop.localhost', shop.id, (page) => assert.equal(page.status, 200));
    await done('DELETE', `/sites/${shop.id}`);
    await done('POST', `/sites/${shop.id}/purge`);

    assert.ok(!existsSync(join(platform.local.storesDir, shop.id)));
    const password = readFileSync(join(platform.home, 'secrets/postgres-sites'), 'utf8').trim();
    const ports = JSON.parse(readFileSync(join(platform.home, 'ports.json'), 'utf8'));
    const admin = new pg.Client({ host: '127.0.0.1', port: ports['postgres-sites'], user: SUPERUSER, password, database: 'postgres' });
    await admin.connect();
    const { rows } = await admin.query('select datname as name from pg_database where datname like $1 union select rolname from pg_roles where rolname like $1', [`%${shop.id}%`]);
    await admin.end();
    assert.deepEqual(rows, []);
    await until('no container has a file of it', async () => {
      const { items } = await platform.api.request('GET', '/containers');
      return items.every(({ id }: { id: string }) => !existsSync(join(platform.home, 'containers', id, 'sites', `${shop.id}.json`)));
    });
  });

  test('what a killed supervisor left running is ended with the platform', async () => {
    const { items } = await platform.api.request('GET', '/containers');
    const { id } = items.find((one: { role: string; state: string }) => one.role === 'site' && one.state === 'ready');
    const root = join(platform.home, 'containers', id);
    const { supervisor, siblings } = JSON.parse(readFileSync(join(root, 'pids.json'), 'utf8'));
    process.kill(supervisor.pid, 'SIGKILL');
    await platform.stop();
    for (const [name, sibling] of Object.entries(siblings as Record<string, { pid: number; start: string }>)) {
      assert.ok(!isRunning(sibling), `${name} still runs`);
    }
  });
});
