/** What someone has changed by hand in nginx's files is not taken over into the next ones: by real nginx's test. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { proofReader } from '../../src/agent/nginx/proof.ts';
import { routing } from '../../src/agent/reconcile/routing.ts';
import { places } from '../../src/domain/layout.ts';
import { createLog } from '../../src/log.ts';
import { createContainerRenderer } from '../../src/render/container.ts';
import { desired, hostname, layout as layoutAt, makeRoot, release, scratch, site, siteId, sitesKey } from '../render/fixture.ts';

const root = scratch('switching');
after(() => rmSync(root, { recursive: true, force: true }));

/** A container's nginx files, with two sites of a hostname each; `change` changes the sites' file, and no hostname. */
async function container(name: string) {
  const layout = { ...layoutAt(`${root}/${name}`), nginx: process.env.REEVE_TEST_NGINX ?? '/usr/sbin/nginx' };
  makeRoot(layout);
  const renderer = createContainerRenderer(layout, { sitesKey });
  const proof = proofReader(places.probeSocket(layout));
  after(() => proof.close());
  const nginx = routing({
    layout, proof, log: createLog({}, () => {}), isHurried: () => false, siblings: { find: () => null, signal: () => false },
  });
  let generation = 0;
  const change = async () => {
    generation += 1;
    const wanted = renderer.render(desired({
      generation, releases: [release(1)], sites: [site(1), site(2, { phase: generation % 2 ? 'live' : 'suspended', rev: generation })],
      hostnames: [hostname('one.test', 1), hostname('two.test', 2)],
    }), new Map());
    assert.deepEqual(await nginx.test(wanted), { ok: true });
    nginx.apply(wanted, generation);
    return wanted;
  };
  const directory = () => `${places.nginxDir(layout)}/${readlinkSync(places.nginxCurrent(layout))}`;
  await change();
  return { layout, nginx, change, directory, file: () => `${directory()}/hostnames.conf` };
}

test('an edit of the same size, and a change of other files right after: the edit is told, and is not in the next files', async () => {
  const { nginx, change, file } = await container('edited');
  await change();
  const edited = file();
  const good = readFileSync(edited, 'utf8');
  const [one, two] = [siteId(1), siteId(2)];
  const swapped = good.replaceAll(one, '*').replaceAll(two, one).replaceAll('*', two);
  assert.ok(swapped !== good && swapped.length === good.length);
  writeFileSync(edited, swapped);
  const wanted = await change();
  assert.notEqual(file(), edited);
  assert.equal(readFileSync(file(), 'utf8'), wanted.nginx.get('hostnames.conf'));
  assert.deepEqual(nginx.foundAtSwitch(), [{ path: edited, kind: 'changed' }]);
  assert.deepEqual([nginx.foundAtSwitch(), nginx.mend()], [[], []]);
});

test('what was added, deleted or pointed elsewhere is told too, though the next change would have hidden it', async () => {
  const { layout, nginx, change, directory } = await container('others');
  await change();
  const former = directory();
  writeFileSync(`${former}/extra.conf`, '');
  rmSync(`${former}/hostnames.conf`);
  rmSync(places.nginxCurrent(layout));
  symlinkSync('0-test', places.nginxCurrent(layout));
  await change();
  assert.deepEqual(nginx.foundAtSwitch().map(({ path, kind }) => [path, kind]), [
    [`${former}/hostnames.conf`, 'missing'], [`${former}/extra.conf`, 'extra'], [places.nginxCurrent(layout), 'changed']]);
});

test('files that nobody has touched are shared by the configurations, and are not looked into again', async (t) => {
  const { nginx, change, file } = await container('shared');
  for (let i = 0; i < 3; i++) await change();
  const { ino } = statSync(file());
  // Before a file is read its size is compared with the text's.
  const sized = t.mock.method(Buffer, 'byteLength');
  await change();
  assert.equal(sized.mock.calls.filter(({ arguments: [text] }) => String(text).startsWith('one.test')).length, 1, 'for the link alone');
  assert.equal(statSync(file()).ino, ino);
  assert.deepEqual([nginx.foundAtSwitch(), nginx.mend()], [[], []]);
});

test('a configuration in service that is gone with its directory is made again', async () => {
  const { nginx, directory } = await container('gone');
  const there = directory();
  const files = ['nginx.conf', 'hostnames.conf'].map((name) => [`${there}/${name}`, readFileSync(`${there}/${name}`, 'utf8')] as const);
  rmSync(there, { recursive: true });
  assert.ok(nginx.mend().every(({ kind }) => kind === 'missing'));
  for (const [path, text] of files) assert.equal(readFileSync(path, 'utf8'), text);
  appendFileSync(files[0]![0], '# by hand\n');
  assert.deepEqual(nginx.mend(), [{ path: files[0]![0], kind: 'changed' }]);
  assert.deepEqual(nginx.mend(), []);
});
