/** What a newcomer does after `npm start`: signs in to alpha, publishes a page, uploads a picture; beta is another site. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../tenant/redis.ts';
import { inEachContainer, type Platform, startPlatform, until, visit } from './platform.ts';
import { randomPng } from './png.ts';
import { fieldsOf, Visitor } from './visitor.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let platform: Platform;
let alpha: { id: string };
let beta: { id: string };

before(async () => {
  platform = await startPlatform();
  const { items } = await platform.api.request('GET', '/sites');
  alpha = items.find((site: { name: string }) => site.name === 'alpha');
  beta = items.find((site: { name: string }) => site.name === 'beta');
}, { timeout: 10 * 60_000 });
after(() => platform?.remove());

/** What a visitor sees in every container, each asked by itself, and at the edge. */
async function everywhere(hostname: string, path = '/') {
  const pages = await inEachContainer(platform, hostname, path);
  assert.equal(pages.size, 2, 'two containers are ready');
  return [...pages.values(), { ...(await visit(platform, hostname, path)), site: undefined }];
}

test('the start ends with a table that says where all is', () => {
  for (const word of ['API', 'Temporal UI', 'Token', 'http://alpha.localhost:', 'http://beta.localhost:', '/.reeve/login?token=']) {
    assert.ok(platform.output().includes(word), `${word} in\n${platform.output()}`);
  }
});

test('every container serves both samples, and says which site answered', async () => {
  for (const [name, site] of [['alpha', alpha], ['beta', beta]] as const) {
    const pages = await everywhere(`${name}.localhost`);
    for (const page of pages) {
      assert.equal(page.status, 200);
      assert.match(page.text, new RegExp(`<h1>${name}</h1>`));
    }
    assert.deepEqual(pages.slice(0, -1).map((page) => page.site), [site.id, site.id]);
    assert.equal(pages.at(-1)!.headers['x-reeve-site'], undefined, 'visitors are not told');
  }
});

test('a second start beside the first says who holds it', () => {
  const second = spawnSync(process.execPath, [join(ROOT, 'bin/reeve.cjs'), 'up'], {
    env: { ...process.env, REEVE_HOME: platform.home, NODE_TEST_CONTEXT: undefined }, encoding: 'utf8',
  });
  assert.equal(second.status, 1);
  assert.match(second.stderr, /^reeve: Reeve already runs here: process \d+, since .*; it answers at http:\/\/127\.0\.0\.1:\d+/);
});

test('a person signs in by the link, publishes a page and uploads a picture of 5 MB; beta is unchanged', async () => {
  const betaBefore = await visit(platform, 'beta.localhost');
  const { url } = await platform.api.request('POST', `/sites/${alpha.id}/login`);
  const link = new URL(url);
  const person = new Visitor(platform, 'alpha.localhost');
  const admin = await person.get(link.pathname + link.search);
  assert.equal(admin.status, 200);
  assert.match(admin.text, /<title>\s*Dashboard - Wagtail/);
  const style = /href="(\/static\/wagtailadmin\/css\/core[^"]*)"/.exec(admin.text)![1]!;
  assert.equal((await visit(platform, 'alpha.localhost', style)).status, 200, 'the admin is styled');

  const again = await new Visitor(platform, 'alpha.localhost').get(link.pathname + link.search);
  assert.equal(again.status, 403, 'the link works once');
  const atBeta = new Visitor(platform, 'beta.localhost');
  assert.equal((await atBeta.get(link.pathname + link.search)).status, 403, 'and at its own site');

  const pages = await person.get('/admin/pages/');
  const home = /\/admin\/pages\/(\d+)\/edit\//.exec(pages.text)![1]!;
  const editor = await person.get(`/admin/pages/${home}/edit/`);
  const saved = await person.post(`/admin/pages/${home}/edit/`, {
    // The page's body is made of blocks, whose fields the browser makes by JavaScript: none of them here.
    ...fieldsOf(editor.text), 'body-count': '0', title: 'Alpha is open', 'action-publish': 'action-publish',
  });
  assert.match(saved.text, /has been published|published/, 'Wagtail says so');
  await until('every container and the edge show the new title', async () =>
    (await everywhere('alpha.localhost')).every((page) => page.text.includes('Alpha is open')));

  const picture = randomPng(1_320);
  assert.ok(picture.length > 5_000_000);
  const form = await person.get('/admin/images/add/');
  assert.equal(form.status, 200);
  const uploaded = await person.post('/admin/images/add/', {
    title: 'Noise', file: { filename: 'noise.png', type: 'image/png', content: picture },
  });
  assert.equal(uploaded.status, 200, uploaded.text.slice(0, 500));
  const answer = uploaded.text.startsWith('{') ? JSON.parse(uploaded.text) : null;
  if (answer) assert.equal(answer.success, true, uploaded.text);
  for (const page of await everywhere('alpha.localhost', '/media/original_images/noise.png')) {
    assert.equal(page.status, 200);
    assert.equal(page.headers['content-type'], 'image/png');
    assert.equal(page.headers['content-length'], String(picture.length));
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
  }
  assert.equal((await visit(platform, 'beta.localhost', '/media/original_images/noise.png')).status, 404);
  const betaAfter = await visit(platform, 'beta.localhost');
  assert.equal(betaAfter.text, betaBefore.text, 'beta is unchanged');

  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const stranger = await visit(platform, 'beta.localhost', '/admin/', { headers: { cookie } });
  assert.equal(stranger.status, 302, 'alpha’s session means nothing at beta');
});

test('a sign-in by password goes through the edge’s port', async () => {
  const made = await exec(alpha.id, ['shell', '-c',
    "from django.contrib.auth import get_user_model as u; u().objects.create_superuser('eve', 'eve@example.org', 'correct horse 1')"]);
  assert.equal(made.exit, 0, made.output);
  const person = new Visitor(platform, 'alpha.localhost');
  const form = await person.get('/admin/login/');
  const inside = await person.post('/admin/login/', { ...fieldsOf(form.text), username: 'eve', password: 'correct horse 1', next: '/admin/' });
  assert.equal(inside.status, 200);
  assert.match(inside.text, /<title>\s*Dashboard - Wagtail/);
});

test('forged forwarding headers are overwritten', async () => {
  const forged = await visit(platform, 'alpha.localhost', '/blog', {
    headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '8.8.8.8', 'x-forwarded-port': '9' },
  });
  assert.equal(forged.status, 301);
  const { port } = new URL(platform.access.edge);
  const to = new URL(forged.headers.location as string, `http://alpha.localhost:${port}/blog`);
  assert.equal(to.href, `http://alpha.localhost:${port}/blog/`, 'neither the forged host nor an inner port');
});

test('from inside alpha, nothing of beta can be reached', async () => {
  const target = await exec(beta.id, ['shell', '-c', `
import json, os
from django.conf import settings
d = settings.DATABASES['default']
print(json.dumps({'name': d['NAME'], 'host': str(d['HOST']), 'port': str(d['PORT']), 'pid': os.getpid(), 'media': str(settings.MEDIA_ROOT), 'file': os.environ['REEVE_SITE_FILE'], 'uid': os.getuid()}))`]);
  assert.equal(target.exit, 0, target.output);
  const of = JSON.parse(target.output.trim().split('\n').at(-1)!);
  const probe = `
import glob, json, os, socket
from django.conf import settings
import psycopg
of = json.loads(${JSON.stringify(JSON.stringify(of))})
d = settings.DATABASES['default']
out = {'uid': os.getuid()}
def tried(name, work):
    try:
        work(); out[name] = 'reached'
    except Exception as error:
        out[name] = type(error).__name__
        out['words of ' + name] = str(error)
def connected(database):
    psycopg.connect(host=str(d['HOST']), port=str(d['PORT']), dbname=database, user=str(d['USER']), password=str(d['PASSWORD'])).execute('select 1')
tried('own database', lambda: connected(d['NAME']))
for other in [of['name'], 'postgres', 'template1']:
    tried('database ' + other, lambda: connected(other))
tried('store', lambda: os.listdir(of['media']))
tried('file', lambda: open(of['file']).read())
tried('env', lambda: open(of['file'].replace('.json', '.env')).read())
sockets = ${JSON.stringify(platform.local.runDir)}
site = of['name']
def owner(p):
    try:
        return os.stat('/proc/' + p).st_uid
    except FileNotFoundError:
        return None  # it ended between the listing and the look
others = [p for p in os.listdir('/proc') if p.isdigit() and owner(p) == of['uid']]
out['processes'] = len(others)
def environments():
    for p in others:
        try:
            open(f'/proc/{p}/environ').read()
        except (FileNotFoundError, ProcessLookupError):
            continue
tried('environ', environments)
def connect():
    found = []
    for container in ${JSON.stringify((await platform.api.request('GET', '/containers')).items.filter((c: { role: string }) => c.role === 'site').map((c: { id: string }) => c.id))}:
        s = socket.socket(socket.AF_UNIX); s.connect(f'{sockets}/{container}/{site}.sock')
tried('socket', connect)
open(os.path.join(settings.MEDIA_ROOT, 'own.txt'), 'w').write('x')
print(json.dumps(out))`;
  const inside = await exec(alpha.id, ['shell', '-c', probe]);
  assert.equal(inside.exit, 0, inside.output);
  const found = JSON.parse(inside.output.trim().split('\n').at(-1)!);
  assert.equal(found['own database'], 'reached', 'server, user and password are right');
  for (const other of [beta.id, 'postgres', 'template1']) {
    assert.equal(found[`database ${other}`], 'OperationalError');
    assert.match(found[`words of database ${other}`], new RegExp(`permission denied for database "${other}"`));
  }
  if (process.getuid?.() !== 0) return; // sites share one user then, and the start has said so
  assert.notEqual(found.uid, of.uid);
  assert.ok(found.processes > 0, 'beta has processes to look at');
  for (const name of ['store', 'file', 'env', 'environ', 'socket']) assert.equal(found[name], 'PermissionError', `${name}: ${inside.output}`);
});

test('on one Redis, what beta keeps in its cache is beta’s in every container, and alpha has none of it', async (t) => {
  const redis = await startRedis();
  if (!redis) return t.skip('no redis-server on PATH');
  try {
    await platform.api.request('PATCH', '/settings', { body: { cacheUrl: redis.url }, ifMatch: '*' });
    const { items } = await platform.api.request('GET', '/containers');
    const [one, other] = items.filter((c: { role: string }) => c.role === 'site').map((c: { id: string }) => c.id);
    const cached = async (site: { id: string }, container: string, work: string) => {
      const ran = await exec(site.id, ['shell', '-c', `
import json
from django.core.cache import cache
client = getattr(getattr(cache, '_cache', None), 'get_client', lambda: None)()
${work}
print(json.dumps({'redis': client is not None, 'greeting': cache.get('greeting')}))`], container);
      assert.equal(ran.exit, 0, ran.output);
      return JSON.parse(ran.output.trim().split('\n').at(-1)!);
    };
    await until('every container follows', async () => (await platform.api.request('GET', '/platform')).converged);
    await cached(beta, one, "cache.set('greeting', 'of beta', 600)");
    assert.deepEqual(await cached(beta, other, ''), { redis: true, greeting: 'of beta' });
    assert.deepEqual(await cached(alpha, one, ''), { redis: true, greeting: null });
    await cached(alpha, other, "cache.set('greeting', 'of alpha', 600); cache.delete('greeting')");
    assert.equal((await cached(beta, one, '')).greeting, 'of beta', 'nor can alpha take it away');
  } finally {
    await redis.stop();
  }
});

/** Run a management command with a site's environment, through the API. */
async function exec(site: string, command: string[], container?: string): Promise<{ exit: number; output: string }> {
  let output = '';
  let exit = -1;
  for await (const line of platform.api.stream<{ data?: string; exit?: number }>(`/sites/${site}/exec`, { method: 'POST', body: { command, container } })) {
    if (line.data !== undefined) output += Buffer.from(line.data, 'base64').toString();
    if (line.exit !== undefined) exit = line.exit;
  }
  return { exit, output };
}
