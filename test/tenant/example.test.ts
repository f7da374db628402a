import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { installRelease, migrate, type Release, runHook } from '../../src/codebase/index.ts';
import type { SiteFile } from '../../src/domain/site-file.ts';
import { type Server, startPostgres } from '../codebase/postgres.ts';
import { EXAMPLE, openDirectory, pythonTools, removeDirectory, SITE_USER, siteFileFor } from '../codebase/tools.ts';
import { multipart, png } from './multipart.ts';
import { loginToken } from './token.ts';
import { Cookies, startVassal, type Vassal } from './vassal.ts';

const ALPHA = 's0000000a1';
const BETA = 's0000000b2';

describe('the example, as two sites of one release', () => {
  const directory = openDirectory();
  let server: Server;
  let release: Release;
  let alpha: SiteFile;
  let beta: SiteFile;
  let vassal: Vassal;
  let other: Vassal;

  before(async () => {
    server = await startPostgres();
    const tools = await pythonTools(directory);
    release = await installRelease({
      path: EXAMPLE,
      releasesDir: path.join(directory, 'releases'),
      releaseId: 'r000000001',
      user: SITE_USER,
      ...tools,
    });
    alpha = siteFileFor(directory, ALPHA, 'alpha', await server.makeDatabase(ALPHA), release.static);
    await migrate({ release, site: alpha, user: SITE_USER });
    beta = siteFileFor(directory, BETA, 'beta', await server.makeDatabase(BETA, ALPHA), release.static);
    vassal = await startVassal(release, alpha, directory, SITE_USER);
    other = await startVassal(
      release,
      beta,
      directory,
      SITE_USER && { uid: SITE_USER.uid + 1, gid: SITE_USER.gid + 1 },
    );
  });

  after(async () => {
    await vassal?.stop();
    await other?.stop();
    await server?.stop();
    removeDirectory(directory);
  });

  it('migrates as the role that owns the database', async () => {
    const owners = await server.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'", ALPHA);
    assert.deepEqual(owners, [{ tableowner: `${ALPHA}_owner` }]);
  });

  it('has a home page that shows the site’s name after its `created` hook, which may be repeated', async () => {
    assert.equal((await vassal.request('/')).status, 200);
    await runHook('created', { release, site: alpha, user: SITE_USER });
    const pages = await server.query('SELECT count(*)::int AS pages FROM wagtailcore_page', ALPHA);
    await runHook('created', { release, site: alpha, user: SITE_USER });
    assert.deepEqual(await server.query('SELECT count(*)::int AS pages FROM wagtailcore_page', ALPHA), pages);

    const home = await vassal.request('/');
    assert.equal(home.status, 200);
    assert.match(home.body, /<h1>alpha<\/h1>/);
    assert.match(home.body, /href="\/static\/example\/site\.[0-9a-f]{12}\.css"/);
    // Without Redis, each process remembers for some seconds where the site was before.
    await until(async () =>
      (await vassal.request('/')).body.includes('<link rel="canonical" href="http://alpha.localhost:8080/">'),
    );
    assert.match((await vassal.request('/blog/hello/')).body, /Hello from alpha/);
    assert.match((await vassal.request('/search/?q=hello')).body, /1 page/);
    assert.doesNotMatch((await other.request('/')).body, /alpha/);
  });

  it('follows a change of the primary hostname', async () => {
    const moved: SiteFile = { ...alpha, primaryUrl: 'https://alpha.example' };
    await runHook('primaryChanged', { release, site: moved, user: SITE_USER });
    const [record] = await server.query('SELECT hostname, port, site_name FROM wagtailcore_site', ALPHA);
    assert.deepEqual(record, { hostname: 'alpha.example', port: 443, site_name: 'alpha' });
    await runHook('primaryChanged', { release, site: alpha, user: SITE_USER });
  });

  it('tells its health to nginx’s own listener alone', async () => {
    const healthy = await vassal.request('/.reeve/health', { params: { REEVE_PROBE: '1' } });
    assert.deepEqual([healthy.status, JSON.parse(healthy.body)], [200, { status: 'up', database: 'up' }]);
    assert.equal(healthy.headers.has('set-cookie'), false);
    assert.equal((await vassal.request('/.reeve/health')).status, 404);
    assert.equal((await vassal.request('/.reeve/health', { headers: { 'reeve-probe': '1' } })).status, 404);
    await server.query(`ALTER ROLE ${ALPHA}_v1 NOLOGIN`);
    assert.equal((await vassal.request('/.reeve/health', { params: { REEVE_PROBE: '1' } })).status, 503);
    await server.query(`ALTER ROLE ${ALPHA}_v1 LOGIN`);
  });

  it('accepts a bound hostname, and refuses an unbound one, without a restart', async () => {
    const host = 'new.alpha.example';
    assert.equal((await vassal.request('/', { host })).status, 400);
    vassal.replaceSiteFile({ ...alpha, hostnames: [...alpha.hostnames, { hostname: host, role: 'alias' }] });
    await until(async () => (await vassal.request('/', { host })).status === 200);
    vassal.replaceSiteFile(alpha);
    await until(async () => (await vassal.request('/', { host })).status === 400);
    assert.equal((await vassal.request('/', { host: 'old.alpha.example' })).status, 400);
  });

  it('signs in by a link once, and never by one that is forged, expired or of another site', async () => {
    const link = (token: string) => vassal.request(`/.reeve/login?token=${token}`);
    const refuse = async (token: string, why: RegExp) => {
      const answer = await link(token);
      assert.equal(answer.status, 403);
      assert.match(answer.body, why);
      assert.equal(answer.headers.has('set-cookie'), false);
    };
    await refuse(loginToken(alpha, {}, beta.loginKey), /not made for this site/);
    await refuse(loginToken(beta, {}, alpha.loginKey), /another site/);
    await refuse(loginToken(alpha, { exp: Date.now() / 1000 - 1 }), /expired/);
    await refuse(loginToken(alpha, { iat: Date.now() / 1000 + 3600 }), /not valid/);
    await refuse('', /incomplete/);
    await refuse('é.é', /incomplete/);

    const token = loginToken(alpha);
    assert.equal((await vassal.request(`/.reeve/login?token=${token}`, { method: 'HEAD' })).status, 405);
    // Both processes, several at once: one of them signs in.
    const answers = await Promise.all(Array.from({ length: 8 }, () => link(token)));
    const accepted = answers.filter(({ status }) => status === 302);
    assert.equal(accepted.length, 1, `${answers.map(({ status }) => status)}`);
    assert.deepEqual(accepted[0]!.headers.get('location'), ['/admin/']);
    await refuse(token, /used already/);

    const cookies = new Cookies();
    cookies.take(accepted[0]!);
    const admin = await vassal.request('/admin/', { cookies });
    assert.equal(admin.status, 200);
    assert.match(admin.body, /alpha/);
    const setCookie = accepted[0]!.headers.get('set-cookie')!.find((cookie) => cookie.startsWith('sessionid='));
    assert.doesNotMatch(setCookie!, /domain=/i);
    // Alpha's session is nobody at beta.
    assert.equal((await other.request('/admin/', { cookies })).status, 302);
    const users = await server.query('SELECT username, is_superuser, password FROM auth_user', ALPHA);
    assert.equal(users.length, 1);
    assert.deepEqual([users[0]!.username, users[0]!.is_superuser], ['admin', true]);
    assert.match(String(users[0]!.password), /^!/);
  });

  it('takes an uploaded image of 5 MB into the site’s own store', async () => {
    const cookies = await signIn(vassal, alpha);
    const form = await vassal.request('/admin/images/add/', { cookies });
    cookies.take(form);
    const token = form.body.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)![1]!;
    const collection = form.body.match(/name="collection"[^>]*value="(\d+)"/)?.[1] ?? '';
    const { body, type } = multipart(
      { csrfmiddlewaretoken: token, title: 'Big', collection },
      { name: 'file', filename: 'big.png', type: 'image/png', contents: png(5_000_000) },
    );
    const headers = { origin: 'http://alpha.localhost:8080' };
    const answer = await vassal.request('/admin/images/add/', { method: 'POST', cookies, body, type, headers });
    assert.equal(answer.status, 302, answer.body.slice(0, 3000));
    const stored = path.join(directory, 'stores', ALPHA, 'original_images');
    const [file] = readdirSync(stored);
    const status = statSync(path.join(stored, file!));
    assert.ok(status.size >= 5_000_000);
    // nginx, another user, reads it.
    assert.equal(status.mode & 0o777, 0o644);
    if (SITE_USER) assert.equal(status.uid, SITE_USER.uid);
    assert.equal(existsSync(path.join(directory, 'stores', BETA, 'original_images')), false);
  });

  it('cannot write to its own code', async (t) => {
    if (!SITE_USER) return t.skip('all run as one user here');
    const script = 'open("home/models.py", "a")';
    const { runForSite } = await import('../../src/codebase/index.ts');
    const ran = await runForSite(['-c', script], { release, site: alpha, user: SITE_USER });
    assert.match(ran.lastLines.at(-1)!, /PermissionError/);
  });
});

async function signIn(vassal: Vassal, site: SiteFile): Promise<Cookies> {
  const cookies = new Cookies();
  const answer = await vassal.request(`/.reeve/login?token=${loginToken(site)}`);
  assert.equal(answer.status, 302, answer.body);
  cookies.take(answer);
  return cookies;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(50);
}
