import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readLocalFile } from '../../src/cluster/local-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'reeve-test-local-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const GOOD = {
  home: '/srv/reeve', runDir: '/run/reeve', node: '/opt/my node/bin/node', toolsVenv: '/srv/reeve/tools', nginx: '/usr/sbin/nginx',
  python: { path: '/opt/my python/bin/python3', version: '3.11.2' }, nginxUser: { name: 'www-data', uid: 33, gid: 33 }, firstUid: 62_000, agentDatabaseUrl: 'postgres://agent:x@127.0.0.1/reeve',
  sitesKeyFile: '/srv/reeve/secrets/sites.key', releasesDir: '/srv/reeve/releases', storesDir: '/srv/reeve/stores',
  temporal: { address: '127.0.0.1:7233', namespace: 'default' }, edgeListen: { addresses: ['127.0.0.1', '::1'], port: 8080 },
  containerPorts: { from: 9_000, to: 9_099 }, trusted: ['127.0.0.1/32'],
};

function read(content: unknown) {
  const file = join(directory, 'local.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return readLocalFile(file);
}

test('what the set-up wrote comes back as it is', () => {
  assert.deepEqual(read(GOOD), GOOD);
  assert.equal(read({ ...GOOD, nginxUser: null, firstUid: null }).firstUid, null);
});

test('what is wrong is named, field by field', () => {
  const refused = (content: unknown, ...words: string[]) => assert.throws(() => read(content),
    (error: { type?: string; message: string }) => error.type === 'invalid' && words.every((word) => error.message.includes(word)));
  refused('{', 'cannot be read');
  refused({ ...GOOD, home: 'relative', nginx: '/path/with space' }, 'home: ', 'nginx: ');
  refused({ ...GOOD, containerPorts: { from: 9_100, to: 9_000 } }, 'containerPorts');
  refused({ ...GOOD, temporal: { address: '127.0.0.1:7233' } }, 'temporal.namespace');
  refused({ ...GOOD, typo: 1 }, 'typo');
  assert.throws(() => readLocalFile(join(directory, 'nowhere.json')), { type: 'invalid' });
});
