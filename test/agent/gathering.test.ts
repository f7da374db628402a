/** New hostnames that are served wait a moment for nginx, and only a moment: whatever becomes of the passes after. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { createOverlay } from '../../src/agent/nginx/overlay.ts';
import { proofReader } from '../../src/agent/nginx/proof.ts';
import { routing } from '../../src/agent/reconcile/routing.ts';
import { places } from '../../src/domain/layout.ts';
import { createLog } from '../../src/log.ts';
import { createContainerRenderer } from '../../src/render/container.ts';
import { until } from '../local/wait.ts';
import { desired, hostname, layout as layoutAt, makeRoot, release, scratch, site, sitesKey } from '../render/fixture.ts';

const root = scratch('gathering');
after(() => rmSync(root, { recursive: true, force: true }));

test('what is gathered is read by nginx after a moment, whoever sets the clock, and is told as waited for where no pass comes so far', async (t) => {
  const layout = { ...layoutAt(root), nginx: process.env.REEVE_TEST_NGINX ?? '/usr/sbin/nginx' };
  makeRoot(layout);
  mkdirSync(places.overlayLinks(layout), { recursive: true });
  const renderer = createContainerRenderer(layout, { sitesKey });
  const wanted = (generation: number, names: string[]) => renderer.render(
    desired({ generation, releases: [release(1)], sites: [site(1)], hostnames: names.map((name, n) => hostname(name, 1, { role: n === 0 ? 'primary' : 'alias' })) }), new Map());
  const proof = proofReader(places.probeSocket(layout));
  after(() => proof.close());
  const nginx = routing({
    layout, proof, overlay: createOverlay(layout), log: createLog({}, () => {}), isHurried: () => false,
    siblings: { find: () => null, signal: () => false },
  });
  const former = wanted(1, ['a.test']);
  assert.deepEqual(await nginx.test(former), { ok: true });
  nginx.apply(former, 1);
  const current = () => readlinkSync(places.nginxCurrent(layout));
  const before = current();

  const next = wanted(2, ['a.test', 'b.test']);
  assert.deepEqual(await nginx.test(next), { ok: true });
  nginx.apply(next, 2);
  assert.deepEqual(readdirSync(places.overlayLinks(layout)), ['b.test']);
  assert.equal(nginx.isGathering(), true);
  assert.equal(current(), before);
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() - 3_600_000);
  // The passes after it break off, on a full disk for one: what they say is to be heard.
  await until('it gathers no more', () => !nginx.isGathering());
  assert.equal(current(), before);
  assert.deepEqual(await nginx.test(next), { ok: true });
  nginx.apply(next, 2);
  assert.notEqual(current(), before);
});
