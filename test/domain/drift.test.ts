/** Comparing a container's word with what Postgres means, and what people may see of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bucketDigests, bucketOf, comparable, compareFiles, type Description, type Expected, judge, linkDigest, withoutLines,
} from '../../src/domain/drift.ts';
import { strangersOf } from '../../src/domain/edge-drift.ts';
import { masked } from '../../src/domain/mask.ts';

const manifest = new Map([
  ['nginx/nginx.conf', 'a'], ['nginx/hostnames.conf', 'b'], ['nginx/current', linkDigest('d1')],
  ['vassals/s000000001.aa.ini', 'c'], ['sites/s000000001.json', 'd'], ['sites/s000000001.env', 'e'], ['run/s000000001.sock', linkDigest('aa')],
]);
const expected: Expected = { rendererVersion: 1, epoch: 1, generation: 5, manifest, served: 'proof', releases: new Map([['r1', 'dd']]) };
const saying = (found: ReadonlyMap<string, string>, more: Partial<Description> = {}): Description => {
  const by = { emperor: true, leftOut: [], heldBack: false, ...more };
  return {
    rendererVersion: 1, epoch: 1, generation: 5, files: found.size, buckets: bucketDigests(comparable(found, by)), configuration: '5-d1', served: 'proof',
    notRunning: [], releases: [{ id: 'r1', digest: 'dd', differing: [] }], ...by,
  };
};
const without = (path: string) => new Map([...manifest].filter(([each]) => each !== path));

test('what is as it should be is the same; what cannot be compared is unknown, never drift', () => {
  assert.equal(judge(expected, saying(manifest)).verdict, 'same');
  const unknown: Partial<Description>[] = [
    { rendererVersion: 2 }, { generation: 4 }, { generation: 6 }, { epoch: 2 }, { configuration: null }, { buckets: [] },
    { leftOut: Array.from({ length: 1_000 }, (_, i) => `s${i}`) },
  ];
  for (const more of unknown) {
    assert.equal(judge(expected, { ...saying(without('nginx/nginx.conf')), ...more }).verdict, 'unknown', JSON.stringify(more).slice(0, 80));
  }
});

test('any file that is edited, deleted or added is in the buckets to look into, and named', () => {
  fc.assert(fc.property(fc.constantFrom(...manifest.keys(), 'vassals/stray.ini'), fc.constantFrom('edit', 'delete', 'add'), (path, how) => {
    const found = how === 'delete' ? without(path) : new Map([...manifest, [path, 'other']]);
    const kind = how === 'delete' ? 'missing' : manifest.has(path) ? 'changed' : 'extra';
    const judged = judge(expected, saying(found));
    if (how === 'delete' && !manifest.has(path)) return assert.equal(judged.verdict, 'same');
    assert.equal(judged.verdict, 'drift');
    assert.deepEqual(judged.verdict === 'drift' && judged.buckets, [bucketOf(path)]);
    assert.deepEqual(compareFiles(manifest, found), [{ path, kind }]);
  }));
});

test('releases: one that was changed, by its files where these are known, and one that is not there', () => {
  const named = (releases: Description['releases']) => {
    const judged = judge(expected, { ...saying(manifest), releases });
    return judged.verdict === 'drift' ? judged.named.map(({ path, kind }) => `${kind} ${path}`) : judged.verdict;
  };
  assert.deepEqual(named([{ id: 'r1', digest: 'ee', differing: [] }]), ['changed release:r1']);
  assert.deepEqual(named([{ id: 'r1', digest: 'ee', differing: [{ path: 'code/a.py', kind: 'extra' }] }]), ['extra release:r1/code/a.py']);
  assert.deepEqual(named([{ id: 'r1', digest: null, differing: [] }]), ['missing release:r1']);
  assert.deepEqual(named([]), ['missing release:r1']);
  assert.equal(named([{ id: 'r1', digest: 'dd', differing: [] }, { id: 'r2', digest: 'old', differing: [] }]), 'same');
});

test('processes: nginx that serves something else, an emperor that is silent, a vassal that does not run', () => {
  const processes = (more: Partial<Description>) => {
    const judged = judge(expected, { ...saying(manifest), ...more });
    return judged.verdict === 'drift' ? judged.named.map(({ path, kind }) => `${kind} ${path}`) : judged.verdict;
  };
  assert.deepEqual(processes({ served: 'other' }), ['changed process:nginx']);
  assert.deepEqual(processes({ served: null }), ['missing process:nginx']);
  assert.deepEqual(processes({ notRunning: null }), ['missing process:emperor']);
  assert.deepEqual(processes({ notRunning: [{ site: 's000000001', digest: 'aa', why: 'it ended' }] }), ['missing process:s000000001.aa']);
});

test('nothing of a site that is left out counts, nor, while one is quarantined, what depends on all of them', () => {
  const leftOut = ['s000000001'];
  const found = new Map([...without('sites/s000000001.json'), ['vassals/s000000001.bb.ini', 'x']]);
  assert.equal(judge(expected, saying(found, { leftOut })).verdict, 'same');
  assert.equal(judge(expected, saying(new Map([...found, ['nginx/nginx.conf', 'x']]), { leftOut })).verdict, 'drift');
  const heldBack = { leftOut, heldBack: true, configuration: '5-0123456789ab', served: '0123456789abcdef' };
  assert.equal(judge(expected, saying(new Map([...found, ['nginx/nginx.conf', 'x']]), heldBack)).verdict, 'unknown', 'what was not compared is not the same');
  assert.equal(judge(expected, saying(without('nginx/hostnames.conf'), heldBack)).verdict, 'drift', 'the rest is compared');
  const other = judge(expected, saying(found, { ...heldBack, served: 'ffffffffffffffff' }));
  assert.deepEqual(other.verdict === 'drift' && other.named, [{ path: 'process:nginx', kind: 'changed' }], 'nginx must serve what lies there');
  assert.equal(withoutLines('s000000001 "a";\ns000000002 "b";\n', new Set(leftOut)), 's000000002 "b";\n');
});

test('of a site’s own files only the keys show, and which value differs; of others what looks like a secret does not', () => {
  const key = Buffer.alloc(32, 1);
  const secret = 'hunter2-hunter2';
  const [a, b] = [secret, 'other'].map((value) => masked('sites/s000000001.env', JSON.stringify({ TOKEN: value, SAME: 'x' }), key));
  assert.match(a!, /"TOKEN": "\*\*\* [0-9a-f]{4}"/);
  assert.notEqual(a!.split('\n')[1], b!.split('\n')[1]);
  assert.equal(a!.split('\n')[2], b!.split('\n')[2]);
  fc.assert(fc.property(fc.constantFrom('sites/x.env', 'sites/y.json', 'vassals/z.ini', 'vassals/z.txt', 'nginx/a.conf'), (path) => {
    for (const text of [JSON.stringify({ A: secret }), `DATABASE_PASSWORD=${secret}`, `env = URL=postgres://me:${secret}@host/x`, `secret_key "${secret}";`]) {
      assert.doesNotMatch(masked(path, text, key), /hunter2/);
    }
  }));
});

test('an edge that sends visitors to one that is no member now is no drift yet, but is seen', () => {
  const member = (id: string, incarnation: number) => ({ id, incarnation, address: '127.0.0.1', port: 1 });
  const now = [member('c000000001', 2), member('c000000002', 1)];
  assert.deepEqual(strangersOf({ members: [now[0]!] }, now), [], 'its own check leaves members out');
  assert.deepEqual(strangersOf({ members: [member('c000000001', 1), now[1]!] }, now), [member('c000000001', 1)]);
});
