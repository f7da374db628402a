/**
 * Nothing that a person typed, in any field, changes what nginx and uWSGI read. The states here skip every check that
 * the API makes: what is tested is that rendering holds on its own.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Desired, HostnameDesired, SiteDesired } from '../../src/domain/desired.ts';
import { places } from '../../src/domain/layout.ts';
import { encryptEnvValue } from '../../src/domain/secrets.ts';
import { siteSettings } from '../../src/domain/site.ts';
import { createContainerRenderer, type Rendered } from '../../src/render/container.ts';
import { createEdgeRenderer } from '../../src/render/edge.ts';
import { HELPERS, templateTexts } from '../../src/render/templates.ts';
import { desired, hostname, layout, release, releaseId, scratch, site, siteId, sitesKey } from './fixture.ts';
import { nginxes, testNginx } from './nginx.ts';
import { parseNginx, skeleton } from './tokens.ts';

const PAYLOADS = [
// biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own syntax is among what is tried
  '"; } server { listen 1; } #', "'; return 200 x; '", 'a b', 'a;b', '}', '{', '$host', '${host}', '\\', '\\"', '#', '~.*', '~^', 'default', 'include', 'hostnames',
  'volatile', '\n', '\r\n', 'x\nx', '\0', '%x', '%(a)', '@(exec://id)', '@(/etc/passwd)', '$(HOME)', '= x', '[uwsgi]', 'a%', '../../etc', '/../', '..', '.', '/', '//', '', ' ',
  '\u2028', '\u0000', '\ufeff', 'Ａ', 'ſ', '\u202e', 'x\\', '-', '--', '{{x}}', '{{{x}}}', '{{> main}}', '-reeve-', '/-reeve-/static/', '__proto__', 'constructor',
];
const hostile = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PAYLOADS) },
  { weight: 2, arbitrary: fc.tuple(fc.stringMatching(/^[a-z0-9.-]{0,10}$/), fc.constantFrom(...PAYLOADS), fc.stringMatching(/^[a-z0-9./-]{0,10}$/)).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'abc019./-_;{}"\'$%@#\\ \n\r\t\0()[]=~^*|&<>:,é'), maxLength: 20 }) },
);
/** Also what no type allows, since rows are JSON. */
const anything = fc.oneof(hostile, fc.constantFrom<unknown>(null, undefined, 1.5, -1, Number.NaN, 1e21, true, [], {}, ['a'], { toString: 'x' })) as fc.Arbitrary<never>;
const orUsual = <T>(usual: T) => fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: anything as fc.Arbitrary<T> });

const attacker: fc.Arbitrary<{ site: SiteDesired; hostnames: HostnameDesired[]; manifest: object; env: Record<string, string> }> = fc.record({
  site: fc.record({
    name: orUsual('site1'), release: orUsual(releaseId(2)), previousRelease: orUsual<string | null>(null), databaseServer: orUsual('main'), phase: orUsual<SiteDesired['phase']>('live'),
    settings: fc.oneof(fc.constant(siteSettings({})), fc.record({
      processes: orUsual(1), threads: orUsual(1), harakiri: orUsual(30), memory: orUsual(1024), connections: orUsual(5),
    })),
    store: fc.oneof(fc.constant({ kind: 'directory' } as const), hostile.map((bucket) => ({ kind: 's3', bucket }) as const)),
  }).map((row) => site(1, row)),
  hostnames: fc.array(fc.record({
    hostname: fc.oneof(fc.constant('alpha.localhost'), hostile), role: orUsual<HostnameDesired['role']>('primary'), https: orUsual<HostnameDesired['https']>('allow'),
  }).map((row) => hostname(row.hostname, 1, row)), { maxLength: 4 }),
  manifest: fc.record({
    venv: orUsual('venvs/v1'), wsgi: fc.record({ module: orUsual('a.wsgi'), callable: orUsual('application') }), settings: orUsual('a.settings'),
    static: fc.record({ url: orUsual('/static/') }), media: fc.record({ url: orUsual('/media/'), private: orUsual<string[]>(['documents/']) }),
    environment: fc.dictionary(fc.stringMatching(/^[A-Z]{1,5}$/), hostile, { maxKeys: 2 }),
  }),
  env: fc.dictionary(fc.stringMatching(/^[A-Z]{1,8}$/), hostile.filter((text) => !/[\ud800-\udfff]/.test(text)), { maxKeys: 3 }),
});

const neighbour = site(2);
const bystander = hostname('beta.localhost', 2);
const l = layout('/srv/c');
const base = createContainerRenderer(l, { sitesKey }).render(
  desired({ sites: [site(1), neighbour], hostnames: [hostname('alpha.localhost', 1), bystander], releases: [release(1), release(2)] }), new Map(),
);
const iniKeys = (ini: string) => ini.split('\n').map((line) => line.split(' = ')[0]);

function stateOf({ site: row, hostnames, manifest, env }: { site: SiteDesired; hostnames: HostnameDesired[]; manifest: object; env: Record<string, string> }): Desired {
  const encrypted = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, encryptEnvValue(sitesKey, siteId(1), name, value, randomBytes(12))]));
  return desired({
    sites: [{ ...row, env: encrypted }, neighbour], hostnames: [bystander, ...hostnames.filter((one) => one.hostname !== bystander.hostname)],
    releases: [release(1), release(2, manifest as never)],
  });
}

function holds(rendered: Rendered, env: Record<string, string>): void {
  // nginx: the same directives in the same blocks, and entries of two words in the included files.
  for (const name of ['nginx.conf', 'routing.conf', 'generation.conf']) {
    assert.deepEqual(skeleton(parseNginx(withoutReleases(rendered.nginx.get(name)!))), skeleton(parseNginx(withoutReleases(base.nginx.get(name)!))), name);
  }
  for (const name of ['hostnames.conf', 'sites.conf']) {
    const text = rendered.nginx.get(name)!;
    const entries = parseNginx(text);
    assert.equal(entries.length, text.split('\n').length - 1, name);
    for (const { words, block } of entries) {
      assert.equal(block, null);
      assert.equal(words.length, 2);
      assert.match(words[0]!, name === 'sites.conf' ? /^s[0-9]{9}$/ : /^[a-z0-9-]+(\.[a-z0-9-]+)+$/);
      assert.equal(words[1]!.split(' ').length, name === 'sites.conf' ? 7 : 4);
      assert.match(words[1]!, /^[A-Za-z0-9._/, -]+$/);
    }
  }
  // uWSGI: the same options, and values that expand nothing.
  for (const [id, vassal] of rendered.vassals) {
    assert.deepEqual(iniKeys(vassal.ini), iniKeys(base.vassals.get(siteId(1))!.ini));
    for (const line of vassal.ini.split('\n').slice(1, -1)) assert.match(line, /^[a-z-]+ = [A-Za-z0-9._/-]+$/, line);
    const told = JSON.parse(vassal.envFile);
    assert.equal(told.REEVE_SITE_ID, id);
    if (id === siteId(1)) for (const [name, value] of Object.entries(env)) if (!/^(PATH|HOME|SHELL|ENV|IFS|LANG)$/.test(name)) assert.equal(told[name], value);
  }
  // The neighbour is served as ever, whatever came of the other.
  assert.equal(rendered.lines.get(neighbour.id), base.lines.get(neighbour.id));
  assert.equal(rendered.vassals.get(neighbour.id)!.ini, base.vassals.get(neighbour.id)!.ini);
  assert.match(rendered.nginx.get('hostnames.conf')!, new RegExp(`^beta.localhost "${neighbour.id} primary allow -";$`, 'm'));
  for (const { site: failing } of rendered.failures) assert.equal(failing, siteId(1));
}

/** How many releases are in use is no structure. */
function withoutReleases(conf: string): string {
  return conf.replace(/^ +\/r[0-9a-z]{9}\/static\$reeve_hashed_file\n/gm, '').replace(/^( {2}worker_shutdown_timeout|uwsgi_read_timeout) .*$/gm, '$1 1s;');
}

test('whatever is in a site’s rows, nginx and uWSGI read the same structure, and the neighbour is served', () => {
  let failed = 0;
  let rendered = 0;
  fc.assert(fc.property(attacker, (input) => {
    const result = createContainerRenderer(l, { sitesKey }).render(stateOf(input), new Map());
    holds(result, input.env);
    if (result.failures.length > 0) failed++;
    else if (result.vassals.has(siteId(1))) rendered++;
  }), { numRuns: 1_500 });
  assert.ok(failed > 100 && rendered > 20, `failed ${failed}, rendered ${rendered}: the property says too little`);
});

test('a sample of these is taken by every real nginx', async () => {
  const root = scratch('injection');
  const place = layout(root);
  mkdirSync(places.ownDir(place), { recursive: true });
  mkdirSync(`${root}/log`);
  for (const input of fc.sample(attacker, 15)) {
    const { nginx } = createContainerRenderer(place, { sitesKey }).render(stateOf(input), new Map());
    for (const program of nginxes) assert.equal(await testNginx(program, place, nginx), null);
  }
  rmSync(root, { recursive: true, force: true });
});

test('whatever is in the platform’s settings, an edge’s structure stays', () => {
  const usual = createEdgeRenderer(l).render(desired({ sites: [neighbour], hostnames: [bystander] }), []).nginx;
  fc.assert(fc.property(fc.array(hostile, { maxLength: 3 }), hostile, (trustedProxies, name) => {
    const edge = createEdgeRenderer(l).render(desired({ settings: { trustedProxies }, sites: [neighbour], hostnames: [bystander, hostname(name, 2)] }), []);
    const bad = trustedProxies.filter((proxy) => !/^[0-9a-f.:/]+$/i.test(proxy));
    assert.ok(edge.failures.length >= bad.length);
    if (edge.failures.length === trustedProxies.length) assert.deepEqual(skeleton(parseNginx(edge.nginx.get('nginx.conf')!)), skeleton(parseNginx(usual.get('nginx.conf')!)));
    for (const { words } of parseNginx(edge.nginx.get('hostnames.conf')!)) assert.equal(words.length, 2);
  }));
});

test('a kept line that is not that site’s own is not taken', () => {
  const state = desired({ sites: [site(1), neighbour], hostnames: [bystander] });
  for (const line of [`${siteId(2)} "live r000000001 - /static/ /media/ - /";`, `${siteId(1)} "live";`, `${siteId(1)} "a b c d e f g"; x y;`, 'x']) {
    const rendered = createContainerRenderer(l, { sitesKey }).render(state, new Map([[siteId(1), { line, vassal: null }]]));
    assert.match(rendered.failures[0]!.reason, /a kept line cannot be/);
    assert.equal(rendered.lines.has(siteId(1)), false);
  }
});

test('in every template each value passes a helper that knows its syntax', () => {
  const allowed = new RegExp(`^(?:(?:${HELPERS.join('|')}) [A-Za-z.]+|#if [A-Za-z]+|#each [A-Za-z]+|else|/if|/each|> [A-Za-z]+)$`);
  let values = 0;
  for (const [name, text] of templateTexts) {
    for (const [, expression] of text.matchAll(/\{\{\{?([^}]*)\}\}/g)) {
      assert.match(expression!, allowed, `${name}: {{${expression}}}`);
      values++;
    }
  }
  assert.ok(values > 60);
});
