/** What sites that go leave behind: nothing of theirs, whatever holds it up, and all that is another's. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, after, test } from 'node:test';
import { createTree } from '../../src/agent/files/tree.ts';
import { goneSites } from '../../src/agent/reconcile/gone-sites.ts';
import { directoriesOf, siteFiles } from '../../src/agent/reconcile/site-files.ts';
import type { Desired } from '../../src/domain/desired.ts';
import { places } from '../../src/domain/layout.ts';
import { createLog } from '../../src/log.ts';
import { createContainerRenderer } from '../../src/render/container.ts';
import { until } from '../local/wait.ts';
import { desired, layout as layoutAt, release, site, siteId, sitesKey } from '../render/fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'reeve-gone-sites-'));
after(() => rmSync(root, { recursive: true }));

/** A container whose sites have a vassal for as long as the test says so. */
function container(name: string) {
  const layout = { ...layoutAt(join(root, name)), runDir: join(root, name, 'run'), storesDir: join(root, name, 'stores') };
  for (const directory of [...directoriesOf(layout, ''), `${layout.root}/sites`]) mkdirSync(directory, { recursive: true });
  const renderer = createContainerRenderer(layout, { sitesKey });
  const files = siteFiles(layout, createTree());
  const running = new Set<string>();
  const lines: string[] = [];
  let now: Desired = desired({});
  const gone = goneSites({
    layout, files, log: createLog({}, (line) => lines.push(line)), vassals: { isGone: (id) => !running.has(id) }, desired: () => now,
  });
  const left = (id: string) => [...directoriesOf(layout, id), places.siteFile(layout, id), places.envFile(layout, id)].filter((path) => existsSync(path));
  const rooms = () => directoriesOf(layout, '').flatMap((room) => readdirSync(room));
  return {
    layout, running, left, rooms, lines,
    /** As a pass does. */
    pass(wanted: Desired = now) {
      now = wanted;
      assert.deepEqual([...files.apply(now, renderer.render(now, new Map()))], []);
      gone.follow(now);
    },
    /** Between two passes: a newer state is known, and has not been followed. */
    between(newer: Desired) {
      const followed = now;
      now = newer;
      gone.follow(followed);
    },
    /** Until nothing has another name but what is meant to. */
    untilRemoved: () => until('it is removed', () => rooms().every((each) => !each.startsWith('.'))),
  };
}

/** Stands in for `rm`: `script` decides, and `exec rm "$@"` is the real one. */
function insteadOfRm(t: TestContext, script: string): void {
  const bin = mkdtempSync(join(root, 'bin-'));
  const path = process.env.PATH!;
  writeFileSync(join(bin, 'rm'), `#!/bin/sh\nPATH='${path}'\n${script}\n`);
  chmodSync(join(bin, 'rm'), 0o755);
  process.env.PATH = `${bin}${delimiter}${path}`;
  t.after(() => { process.env.PATH = path; });
}

const withSites = (...rows: Parameters<typeof site>[]) => desired({ releases: [release(1)], sites: rows.map((row) => site(...row)) });

test('sites that go together are removed by a few programs, not one each; their stores and what they link to stay', async (t) => {
  const { layout, pass, left, rooms } = container('many');
  const numbers = Array.from({ length: 400 }, (_, n) => n + 1);
  pass(withSites([999], ...numbers.map((n) => [n] as [number])));
  const others = join(root, 'others');
  mkdirSync(others);
  for (const directory of [others, ...numbers.map((n) => places.storeDir(layout, siteId(n)))]) writeFileSync(join(directory, 'kept'), '');
  symlinkSync(others, join(places.workDir(layout, siteId(1)), 'linked'));
  const started = join(root, 'started');
  insteadOfRm(t, `echo >> '${started}'; exec rm "$@"`);
  pass(withSites([999]));
  await until('they are removed', () => rooms().every((each) => each === siteId(999)));
  assert.deepEqual(numbers.flatMap((n) => left(siteId(n))), []);
  assert.equal(left(siteId(999)).length, 5);
  assert.ok(numbers.every((n) => existsSync(join(places.storeDir(layout, siteId(n)), 'kept'))) && existsSync(join(others, 'kept')));
  assert.equal(readFileSync(started, 'utf8').length, 4, '1,200 directories');
});

test('what cannot be removed holds nothing up, is told once, and is removed as soon as it can be', async (t) => {
  let skipped = 0;
  const { now } = performance;
  t.mock.method(performance, 'now', () => now.call(performance) + skipped);
  const { pass, left, rooms, lines, untilRemoved } = container('held');
  pass(withSites([1], [2]));
  const tries = join(root, 'tries');
  // A vassal that still ends makes files there.
  insteadOfRm(t, `for path; do case "$path" in */work/*${siteId(1)}*) held=1;; esac; done
    if [ -z "$held" ] || [ -e '${root}/let-go' ]; then exec rm "$@"; fi
    echo >> '${tries}'; echo "rm: cannot remove it: Directory not empty" >&2; exit 1`);
  const tried = () => (existsSync(tries) ? readFileSync(tries, 'utf8').length : 0);
  pass(withSites([2]));
  await until('it is tried', () => tried() === 1);
  assert.deepEqual(left(siteId(1)), [], 'it is out of the way at once');
  // Another one goes meanwhile; the first is left alone for a while.
  pass(withSites());
  await until('the other is removed', () => { pass(); return rooms().every((each) => !each.includes(siteId(2))); });
  assert.equal(tried(), 1);
  skipped += 5_000;
  await until('it is tried again', () => { pass(); return tried() === 2; });
  assert.equal(lines.filter((line) => line.includes('Directory not empty')).length, 1, lines.join(''));
  writeFileSync(join(root, 'let-go'), '');
  await until('that is told', () => { skipped += 1_000; pass(); return lines.length === 2; });
  await untilRemoved();
  assert.deepEqual([rooms(), left(siteId(1))], [[], []]);
});

test('removing that takes long keeps no pass, and what a site makes that came back meanwhile stays', async (t) => {
  const { layout, pass, rooms, untilRemoved } = container('slow');
  pass(withSites([1]));
  writeFileSync(join(places.workDir(layout, siteId(1)), 'former'), '');
  const go = join(root, 'go');
  insteadOfRm(t, `n=0; until [ -e '${go}' ] || [ $n = 100 ]; do sleep 0.05; n=$((n + 1)); done; exec rm "$@"`);
  pass(withSites());
  assert.ok(rooms().some((each) => each.startsWith('.')), 'it goes on');
  pass(withSites([1]));
  writeFileSync(join(places.workDir(layout, siteId(1)), 'newer'), '');
  writeFileSync(go, '');
  await untilRemoved();
  assert.deepEqual(readdirSync(places.workDir(layout, siteId(1))), ['newer']);
  assert.deepEqual(rooms(), [siteId(1), siteId(1), siteId(1)]);
  assert.ok(existsSync(places.siteFile(layout, siteId(1))) && existsSync(places.envFile(layout, siteId(1))));
});

test('what an earlier agent left is removed by the next one; sites that are wanted, and what is no site’s, stay', async () => {
  const { layout, pass, rooms, untilRemoved } = container('earlier');
  const [work, log, sockets] = directoriesOf(layout, '');
  for (const path of [`${work}${siteId(1)}/a`, `${work}${siteId(7)}/a`, `${log}${siteId(8)}`, `${sockets}.gone-${siteId(9)}.1.0`, `${work}lost+found`]) {
    mkdirSync(path, { recursive: true });
  }
  pass(withSites([1], [2, { phase: 'suspended' }]));
  await untilRemoved();
  await until('they are gone', () => rooms().length === 4);
  assert.deepEqual(rooms().sort(), ['lost+found', siteId(1), siteId(1), siteId(1)]);
  assert.ok(existsSync(`${work}${siteId(1)}/a`));
});

test('a site’s directories stay for as long as its vassal is there, and where it comes back before that', async () => {
  const { running, pass, left, rooms, untilRemoved } = container('running');
  pass(withSites([1], [2]));
  running.add(siteId(1)).add(siteId(2));
  pass(withSites());
  assert.deepEqual([1, 2].map((n) => left(siteId(n)).length), [5, 5]);
  pass(withSites([2]));
  running.clear();
  pass();
  await untilRemoved();
  assert.deepEqual(left(siteId(1)), []);
  assert.equal(left(siteId(2)).length, 5);
  // Suspended first, it has no vassal any more when it goes.
  pass(withSites([2, { phase: 'suspended' }]));
  assert.equal(left(siteId(2)).length, 5);
  pass(withSites([2, { phase: 'deleted' }]));
  await until('it is removed', () => rooms().length === 0);
  assert.deepEqual(left(siteId(2)), []);
});

test('a site that is known to have come back keeps its directories, also before that is followed', () => {
  const { running, pass, left, between } = container('known');
  running.add(siteId(1));
  pass(withSites([1], [2]));
  pass(withSites([2]));
  running.clear();
  between(withSites([1], [2]));
  assert.equal(left(siteId(1)).length, 5);
});
