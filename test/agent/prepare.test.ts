/** What is held back, what it goes back to, and when it is tried again: decisions about one container's sites. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { createTree } from '../../src/agent/files/tree.ts';
import { createPass } from '../../src/agent/reconcile/pass.ts';
import { preparer } from '../../src/agent/reconcile/prepare.ts';
import { applied } from '../../src/agent/state/applied.ts';
import { quarantineBook } from '../../src/agent/state/quarantine.ts';
import type { Desired } from '../../src/domain/desired.ts';
import { createLog } from '../../src/log.ts';
import { createContainerRenderer, type Rendered } from '../../src/render/container.ts';
import { desired, hostname, layout, release, scratch, site, siteId, sitesKey } from '../render/fixture.ts';

const root = scratch('prepare');
after(() => rmSync(root, { recursive: true, force: true }));

const [ONE, TWO] = [siteId(1), siteId(2)];
/** A codebase that has its hostnames and its cache in variables, as an unmodified one does. */
const unmodified = release(1, { environment: { HOSTS: '{{hostnames}}', CACHE: '{{cache.url}}' } });
const state = (generation: number, { names = ['one.test'], cacheUrl = null, rev = 1 }: { names?: readonly string[]; cacheUrl?: string | null; rev?: number } = {}): Desired => desired({
  generation, releases: [unmodified], settings: { cacheUrl }, sites: [site(1, { rev }), site(2)],
  hostnames: [...names.map((name, n) => hostname(name, 1, { role: n === 0 ? 'primary' : 'alias' })), hostname('two.test', 2)],
});

/** A container in which every vassal that was prepared is in service at once, unless it is said otherwise. */
function container(name: string, nginxTakes: (rendered: Rendered) => boolean = () => true) {
  const book = quarantineBook(`${root}/${name}.json`);
  const inService = new Map<string, string>();
  const prepare = preparer({
    book, log: createLog({}, () => {}), renderer: createContainerRenderer(layout(root), { sitesKey }),
    test: async (rendered) => (nginxTakes(rendered) ? { ok: true } : { ok: false, message: 'nginx refuses it' }),
    inService: (id) => inService.get(id) ?? null,
  });
  return {
    book, prepare,
    async follow(wanted: Desired, serve: 'serve' | 'not yet' = 'serve'): Promise<Rendered> {
      const rendered = await prepare.prepare(wanted);
      assert.ok('vassals' in rendered, JSON.stringify(rendered));
      if (serve === 'serve') for (const [id, { digest }] of rendered.vassals) inService.set(id, digest);
      return rendered;
    },
  };
}

for (const [what, changed] of [['a hostname', { names: ['one.test', 'more.test'] }], ['a setting of the platform', { cacheUrl: 'redis://away.test' }]] as const) {
  test(`${what} that a codebase has in its variables: the vassal that served is gone back to`, async () => {
    const { book, prepare, follow } = container(what);
    const good = await follow(state(1));
    const next = state(2, changed);
    const bad = await follow(next, 'not yet');
    assert.notEqual(bad.vassals.get(ONE)!.digest, good.vassals.get(ONE)!.digest);
    prepare.holdBack(next, ONE, 'it ends as soon as it starts');
    const kept = await follow(next, 'not yet');
    assert.equal(kept.vassals.get(ONE)?.digest, good.vassals.get(ONE)!.digest);
    assert.equal(kept.vassals.get(ONE)?.envFile, good.vassals.get(ONE)!.envFile);
    assert.match(kept.lines.get(ONE)!, /^\S+ "live /);
    assert.equal(book.lastGood.get(ONE)?.rev, 1);
    // What was wrong is put right: another version is tried at once, though the rev of the site is the same.
    const mended = await follow(state(3));
    assert.equal(mended.vassals.get(ONE)!.digest, good.vassals.get(ONE)!.digest);
    assert.equal(prepare.isHeldBack(ONE), false);
  });
}

test('the same version is not tried again before its time, whatever else changes', async () => {
  const { prepare, follow } = container('same');
  await follow(state(1));
  const next = state(2, { rev: 2, cacheUrl: 'redis://away.test' });
  await follow(next, 'not yet');
  prepare.holdBack(next, ONE, 'it ends as soon as it starts');
  await follow(state(3, { rev: 2, cacheUrl: 'redis://away.test' }), 'not yet');
  assert.equal(prepare.isHeldBack(ONE), true);
});

test('what a pass has rendered as held back stays so for that pass, though it is to be tried again meanwhile', async () => {
  const { book, prepare, follow } = container('meanwhile');
  const good = await follow(state(1));
  const next = state(2, { rev: 2, cacheUrl: 'redis://away.test' });
  await follow(next, 'not yet');
  prepare.holdBack(next, ONE, 'it ends as soon as it starts');
  const { pass } = createPass({
    reader: { current: () => next, refresh: async () => null, compareAll() {}, hasTried: () => true, hasRead: () => true },
    preparer: prepare, book, tree: createTree(), files: null, gone: null, vassals: null, folding: { trouble: () => null }, log: createLog({}, () => {}), applied: applied(`${root}/applied.json`), state: () => 'ready',
    routing: {
      test: async () => ({ ok: true }), apply() {}, isGathering: () => false, settled: async () => {}, mend: () => [], foundAtStart: () => [], foundAtSwitch: () => [], serving: () => null,
      // An operator's word comes while nginx is waited for.
      prove: async () => { book.retryAll(); return null; },
    },
  });
  const { record } = await pass();
  assert.deepEqual(record.quarantined.map(({ site: held, servedRev }) => [held, servedRev]), [[ONE, 1]]);
  assert.equal(book.lastGood.get(ONE)?.vassal?.digest, good.vassals.get(ONE)!.digest);
  await follow(next, 'not yet');
  assert.equal(prepare.isHeldBack(ONE), false);
});

test('a line that nginx refuses again when it is tried again is held back again, and the others go on', async () => {
  const refused = (rendered: Rendered) => rendered.lines.get(ONE)?.includes(' /wrong/ ') ?? false;
  const { book, prepare, follow } = container('line', (rendered) => !refused(rendered));
  const good = await follow(state(1));
  const wrong = (generation: number, rev: number) => ({
    ...state(generation, { rev }), releases: new Map([unmodified, release(2, { media: { url: '/wrong/', private: [] } })].map((row) => [row.id, row])),
    sites: new Map([site(1, { rev, release: release(2).id }), site(2)].map((row) => [row.id, row])),
  });
  prepare.remember({ before: state(1), desired: wrong(2, 2) });
  const kept = await follow(wrong(2, 2));
  assert.equal(kept.lines.get(ONE), good.lines.get(ONE));
  book.retryAll();
  const again = await follow(wrong(3, 2));
  assert.equal(again.lines.get(ONE), good.lines.get(ONE));
  assert.equal(book.held.get(ONE)?.attempts, 2);
  assert.ok(again.lines.has(TWO));
});

test('where nobody wrote down what serves, the line stays that nginx has taken', async () => {
  const { book, prepare, follow } = container('unwritten');
  // Its first look after it was started anew: the vassal in service is one of before.
  const first = await follow(state(1));
  prepare.holdBack(state(1), ONE, 'it ends as soon as it starts');
  const kept = await follow(state(1), 'not yet');
  assert.equal(kept.lines.get(ONE), first.lines.get(ONE));
  assert.equal(kept.vassals.has(ONE), false);
  assert.equal(book.lastGood.get(ONE)?.rev, null);
});
