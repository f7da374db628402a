/** New hostnames are served before nginx has read them: its master is frozen, so that it reads nothing. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { layoutOf } from '../../src/agent/config.ts';
import { createOverlay } from '../../src/agent/nginx/overlay.ts';
import { places } from '../../src/domain/layout.ts';
import { until } from '../local/wait.ts';
import { createContainer, type TestContainer } from './container.ts';
import { createPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let container: TestContainer;
let site: string;
before(async () => {
  platform = await createPlatform();
  site = await platform.addSite();
  container = await createContainer(platform);
  container.start();
  await container.untilReady();
  await container.untilServed((await platform.bind('first.example.test', site)).generation);
});
after(async () => {
  await container?.remove();
  await platform?.close();
});

const waiting = () => readdirSync(places.overlayLinks(layoutOf(container.config))).sort();
function freezeMaster(t: TestContext): () => void {
  const pid = container.pid('nginx');
  process.kill(pid, 'SIGSTOP');
  const thaw = () => process.kill(pid, 'SIGCONT');
  t.after(thaw);
  return thaw;
}
const unbind = (hostname: string) => platform.commit('hostname.unbound', [{ table: 'hostname', op: 'delete', key: { hostname } }]);

test('what is bound is served at once, a redirect too, as it is once nginx has read it', async (t) => {
  const thaw = freezeMaster(t);
  const asked = async () => {
    const page = await container.get('new.example.test');
    const moved = await container.get('moved.example.test');
    return [page.status, page.status === 200 && JSON.parse(page.body).site, moved.status];
  };
  await platform.bind('new.example.test', site);
  const { generation } = await platform.bind('moved.example.test', site, 'redirect');
  const expected = [200, site, 301];
  await until('both are served', async () => JSON.stringify(await asked()) === JSON.stringify(expected));
  assert.deepEqual(waiting(), ['moved.example.test', 'new.example.test']);
  assert.equal((await container.get('other.example.test')).status, 421);
  thaw();
  await container.untilServed(generation);
  assert.deepEqual(waiting(), []);
  assert.deepEqual(await asked(), expected);
});

test('hostnames that come one after the other are each served at once, and read by nginx together', async () => {
  const reloads = () => container.log().split('"nginx configuration"').length;
  const before = reloads();
  const names = Array.from({ length: 8 }, (_, n) => `one-of-${n}.example.test`);
  let generation = 0;
  for (const name of names) {
    ({ generation } = await platform.bind(name, site));
    await until('it is served', async () => (await container.get(name)).status === 200);
  }
  await container.untilServed(generation);
  assert.ok(reloads() - before < names.length, `${reloads() - before} reloads for ${names.length} hostnames`);
  assert.deepEqual(waiting(), []);
  for (const name of names) assert.equal((await container.get(name)).status, 200, name);
});

test('what is unbound before nginx has read it is not served', async (t) => {
  const thaw = freezeMaster(t);
  await platform.bind('short.example.test', site);
  await until('it is served', async () => (await container.get('short.example.test')).status === 200);
  const { generation } = await unbind('short.example.test');
  await until('it is not', async () => (await container.get('short.example.test')).status === 421);
  thaw();
  await container.untilServed(generation);
  assert.deepEqual(waiting(), []);
});

test('a hostname of a site that nginx does not know waits for nginx', async (t) => {
  const thaw = freezeMaster(t);
  const other = await platform.addSite();
  await until('it is switched to', () => container.log().includes('nginx configuration'));
  assert.deepEqual(waiting(), []);
  assert.equal((await container.get(`${other}.test`)).status, 421);
  thaw();
  await until('it is served', async () => (await container.get(`${other}.test`)).status === 200);
});

function scratch(t: TestContext): { readonly runDir: string; readonly links: string; readonly values: string } {
  const runDir = mkdtempSync(join(tmpdir(), 'reeve-test-overlay-'));
  t.after(() => rmSync(runDir, { recursive: true, force: true }));
  const [links, values] = [places.overlayLinks({ runDir }), places.overlayValues({ runDir })];
  mkdirSync(links, { recursive: true });
  return { runDir, links, values };
}

test('whatever a line holds, a link is one name, and leads to one below the values', (t) => {
  const { runDir, links, values } = scratch(t);
  const overlay = createOverlay({ runDir });
  const part = fc.oneof(fc.constantFrom('s1', 'primary', 'allow', '-', 'a.example', '..', '.', '../x', 'a/b', '~', ''), fc.string({ maxLength: 300 }));
  const or = (word: string) => fc.oneof({ weight: 3, arbitrary: fc.constant(word) }, part);
  const line = fc.tuple(part, or('s1'), or('primary'), or('allow'), or('-'));
  fc.assert(fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
    overlay.put(lines.map(([name, ...rest]) => `${name} "${rest.join(' ')}";`).join('\n'), 's1 "live";\n');
    for (const name of readdirSync(links)) {
      assert.ok(lstatSync(join(links, name)).isSymbolicLink());
      assert.equal(dirname(readlinkSync(join(links, name))), values);
    }
    assert.deepEqual(readdirSync(runDir), ['new']);
    overlay.clear();
    assert.deepEqual([readdirSync(links), readdirSync(join(runDir, 'new')).filter((name) => !['hostnames', 'values'].includes(name))], [[], []]);
  }));
});

test('what an agent before this one left is kept while it is wanted; what is no link goes', (t) => {
  const { runDir, links } = scratch(t);
  createOverlay({ runDir }).put('kept.example "s1 primary allow -";\ngone.example "s1 alias allow -";\n', 's1 "live";\n');
  writeFileSync(join(links, 'stray.example'), '');
  mkdirSync(join(links, 'directory.example'));
  const overlay = createOverlay({ runDir });
  overlay.keepOnly('kept.example "s1 primary allow -";\nother.example "s1 alias allow -";\n');
  assert.deepEqual(readdirSync(links), ['kept.example']);
  // A longer name with the same rest is another one.
  overlay.keepOnly('www.kept.example "s1 primary allow -";\n');
  assert.deepEqual(readdirSync(links), []);
});
