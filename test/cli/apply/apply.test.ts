/** `reeve apply`, the program, on the real API: from nothing to what a file says, and then nothing more. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Platform, startPlatform } from '../platform.ts';
import { reeve } from '../program.ts';

const directory = mkdtempSync(join(tmpdir(), 'reeve-test-apply-'));
let platform: Platform;
before(async () => {
  platform = await startPlatform();
});
after(async () => {
  await platform?.close();
  rmSync(directory, { recursive: true, force: true });
});

let files = 0;
function file(text: string): string {
  const path = join(directory, `${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}
writeFileSync(join(directory, 'key.pem'), 'file-secret\n');

const apply = (text: string, ...args: string[]) => reeve(['apply', '-f', file(text), ...args], { ...platform.env, ALPHA_PASSWORD: 'shell-secret' });

const WANTED = `
settings:
  trustedProxies: [10.0.0.0/8]
sites:
  alpha:
    owner: ada
    store: directory
    settings: {processes: 3}
    env:
      EMAIL_HOST: mail.example.org
      EMAIL_PASSWORD: {fromEnv: ALPHA_PASSWORD}
      SIGNING_KEY: {fromFile: key.pem}
    hostnames:
      www.example.org: primary
      alpha.localhost: redirect
      example.org: {role: redirect, https: redirect}
  beta:
    suspended: true
`;

describe('reeve apply', () => {
  test('--dry-run shows what would be done, and does nothing', async () => {
    const { code, stdout, stderr } = await apply(WANTED, '--dry-run');
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, [
      '~ settings: trustedProxies [] → ["10.0.0.0/8"]',
      '+ site alpha, of ada, store directory, processes=3, env EMAIL_HOST, EMAIL_PASSWORD, SIGNING_KEY',
      '+ site beta',
      '+ hostname www.example.org (primary of alpha)',
      '~ hostname alpha.localhost: role alias → redirect',
      '+ hostname example.org (redirect of alpha)',
      '~ hostname example.org: https allow → redirect',
      '~ site beta: suspended',
      '',
    ].join('\n'));
    assert.deepEqual((await platform.client.request('GET', '/sites')).items, []);
  });

  test('makes it so, and a second time does nothing', async () => {
    const first = await apply(WANTED);
    assert.equal(first.code, 0, first.stderr);
    const { items } = await platform.client.request('GET', '/sites');
    assert.deepEqual(items.map((site: { name: string; status: string }) => `${site.name} ${site.status}`), ['alpha active', 'beta suspended']);
    const hostnames = (await platform.client.request('GET', '/hostnames', { query: { site: 'alpha' } })).items;
    assert.deepEqual(hostnames.map((each: { hostname: string; role: string; https: string }) => `${each.hostname} ${each.role} ${each.https}`),
      ['alpha.localhost redirect allow', 'example.org redirect redirect', 'www.example.org primary allow']);
    const { rows: [created] } = await platform.api.database.pool.query(`select after ->> 'phase' as phase from audit where subject like 'site:%' and action = 'site.env-updated'`);
    assert.equal(created, undefined, 'its variables came with it');
    assert.deepEqual((await platform.api.send('GET', '/sites/alpha/env')).body.items.length, 3);
    const { generation } = await platform.client.request('GET', '/platform');
    const second = await apply(WANTED);
    assert.deepEqual(second, { code: 0, stdout: '', stderr: 'nothing to do: all is as the file says\n' });
    assert.equal((await platform.api.send('GET', '/platform')).body.generation, generation);
  });

  test('never shows a value', async () => {
    for (const args of [['--renew-env'], ['--renew-env', '--dry-run', '--json']]) {
      const { code, stdout, stderr } = await apply(WANTED, ...args);
      assert.equal(code, 0, stderr);
      assert.match(stdout + stderr, /EMAIL_PASSWORD/);
      assert.doesNotMatch(stdout + stderr, /secret/);
    }
  });

  test('changes what differs, and leaves what the file does not mention', async () => {
    const { code, stdout } = await apply('sites:\n  beta: {suspended: false, settings: {threads: 4}}\n');
    assert.equal(code, 0);
    assert.equal(stdout, '~ site beta: resumed\n~ site beta: settings.threads 2 → 4\n');
    assert.equal((await platform.client.request('GET', '/sites/alpha')).settings.processes, 3);
  });

  test('of a group of settings changes what differs, and a second time nothing', async () => {
    const text = 'settings:\n  remediation: {mode: observe, floor: 1}\n  integrity: {intervalSeconds: 60}\n  scaling: {max: 4, targets: {cpu: 0.5, memory: null, awake: null, requests: null}}\n';
    const first = await apply(text);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(first.stdout, '~ settings: remediation.mode auto → observe, scaling.max 10 → 4, '
      + 'scaling.targets {"cpu":0.6,"memory":0.75,"awake":50,"requests":null} → {"cpu":0.5,"memory":null,"awake":null,"requests":null}\n');
    const { remediation, scaling } = await platform.client.request('GET', '/settings');
    assert.deepEqual([remediation.mode, remediation.perHour, scaling.max, scaling.min], ['observe', 4, 4, 2]);
    assert.deepEqual(await apply(text), { code: 0, stdout: '', stderr: 'nothing to do: all is as the file says\n' });
  });

  test('takes away only what stands under absent, and asks', async () => {
    const text = 'absent: {sites: [beta], hostnames: [example.org]}\n';
    const refused = await apply(text);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /this would take away hostname example\.org \(of alpha\), site beta: say --yes/);
    const { code, stderr } = await apply(text, '--yes');
    assert.equal(code, 0, stderr);
    assert.equal((await platform.client.request('GET', '/sites/beta')).status, 'deleted');
    assert.match((await apply(text)).stderr, /nothing to do/);
  });

  test('what cannot be had as things are is refused whole', async () => {
    const { code, stderr } = await apply('sites:\n  gamma: {hostnames: {www.example.org: }}\n');
    assert.equal(code, 5);
    assert.match(stderr, /www\.example\.org is bound to alpha, not gamma; unbind it first/);
    await assert.rejects(platform.client.request('GET', '/sites/gamma'), { type: 'not-found' });
  });

  test('a store is not changed', async () => {
    const { code, stderr } = await apply('sites:\n  alpha: {store: s3}\n');
    assert.equal(code, 5);
    assert.match(stderr, /the files of alpha are in a store of kind directory, and stay there; it cannot become s3/);
    assert.match((await apply('sites:\n  alpha: {store: disk}\n')).stderr, /line 2: sites\.alpha\.store: must be directory or s3/);
  });

  test('a step that the API refuses names itself and what was not tried', async () => {
    const { code, stderr } = await apply('sites:\n  alpha: {hostnames: {co.uk: }}\n  beta: {}\n');
    assert.equal(code, 2);
    assert.match(stderr, /step 2 of 2 \(hostname co\.uk \(alias of alpha\)\): /);
  });

  test('a file with mistakes names each with its line, before anything is asked', async () => {
    const { code, stderr } = await reeve(['apply', '-f', file('sites:\n  alpha:\n    setings: {}\n')], { REEVE_API: 'http://127.0.0.1:9', REEVE_TOKEN: 't' });
    assert.equal(code, 2);
    assert.match(stderr, /cannot be applied\n {2}line 3: sites\.alpha\.setings: there is no such field\n$/);
    assert.match((await reeve(['apply', '-f', join(directory, 'none.yaml')], platform.env)).stderr, /cannot read .*none\.yaml/);
  });

  test('a value that is not there stops it before anything is done', async () => {
    const { code, stderr } = await apply('sites:\n  delta: {env: {A: {fromEnv: NOT_SET}}}\n');
    assert.equal(code, 2);
    assert.match(stderr, /sites\.delta\.env\.A: NOT_SET is not set in this shell/);
    await assert.rejects(platform.client.request('GET', '/sites/delta'), { type: 'not-found' });
  });
});
