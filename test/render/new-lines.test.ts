/** What is tested of a large configuration to which only lines were added: nginx says of them what it says of the whole. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { isNothingButNew, newHostnamesAlone, newLinesOnly } from '../../src/agent/nginx/test.ts';
import { places } from '../../src/domain/layout.ts';
import { createContainerRenderer } from '../../src/render/container.ts';
import { createEdgeRenderer } from '../../src/render/edge.ts';
import { desired, hostname, layout, makeRoot, release, scratch, site, sitesKey } from './fixture.ts';
import { nginxes, testNginx } from './nginx.ts';

/** Lines that nginx refuses, of any kind that there is. */
const REFUSED = ['new.test', 'new.test "s000000009', 'new.test a b;', '"new.test;', '} map $host $x {', 'include /nowhere;', 'new.test $nothing_of_that_name;', '"~(" x;'];

const states = [2, 3].map((count, generation) => desired({
  generation, releases: [release(1)],
  sites: Array.from({ length: count }, (_, n) => site(n + 1)), hostnames: Array.from({ length: count }, (_, n) => hostname(`site${n + 1}.localhost`, n + 1)),
}));
let root: string;
before(() => {
  root = scratch('new-lines');
  makeRoot(layout(root));
  mkdirSync(places.ownDir(layout(root)), { recursive: true });
});
after(() => rmSync(root, { recursive: true, force: true }));

for (const [who, render] of [
  ['a container', () => states.map((state) => createContainerRenderer(layout(root), { sitesKey }).render(state, new Map()).nginx)],
  ['an edge', () => states.map((state) => createEdgeRenderer(layout(root)).render(state, []).nginx)],
] as const) {
  describe(`new lines of ${who}`, () => {
    let former: ReadonlyMap<string, string>;
    let next: ReadonlyMap<string, string>;
    const added = (files = next) => newLinesOnly({ name: '1-a', files: former }, { name: '2-b', files })!;
    before(() => { [former, next] = render() as [ReadonlyMap<string, string>, ReadonlyMap<string, string>]; });

    test('are all that is tested, with nginx’s own settings', () => {
      assert.match(added().get('hostnames.conf')!, /^site3\.localhost .*;\n$/);
      const main = added().get('nginx.conf')!;
      assert.deepEqual(main.match(/^ {2}(map|server|geo|upstream) .*/gm), ['hostnames.conf', 'sites.conf'].filter((name) => next.has(name)).map((_, n) => `  map $host $new_${n} {`));
      for (const setting of ['user', 'pid', 'client_body_temp_path', 'map_hash_bucket_size']) {
        const line = new RegExp(`^ *${setting} .*`, 'm');
        assert.deepEqual(line.exec(main)?.[0], line.exec(next.get('nginx.conf')!)?.[0], setting);
      }
    });

    for (const program of nginxes) {
      test(`are taken, or refused, as in the whole, by ${program}`, async () => {
        assert.equal(await testNginx(program, layout(root), next), null);
        assert.equal(await testNginx(program, layout(root), added()), null);
        for (const line of REFUSED) {
          const bad = new Map([...next, ['hostnames.conf', `${next.get('hostnames.conf')}${line}\n`]]);
          assert.notEqual(await testNginx(program, layout(root), bad), null, line);
          assert.notEqual(await testNginx(program, layout(root), added(bad)), null, line);
        }
      });
    }

    test('are not enough where anything else changed, or no map is found', () => {
      const changed = (name: string, text: string) => newLinesOnly({ name: '1-a', files: former }, { name: '2-b', files: new Map([...next, [name, text]]) });
      assert.equal(changed('nginx.conf', `${next.get('nginx.conf')}# more\n`), null);
      assert.equal(changed('more.conf', ''), null);
      const bare = (files: ReadonlyMap<string, string>) => new Map([...files, ['nginx.conf', 'events {}\n']]);
      assert.equal(newLinesOnly({ name: '1-a', files: bare(former) }, { name: '2-b', files: bare(next) }), null);
    });
  });
}

test('new hostnames are all that is new only where no line is gone or other, of hostnames or of sites', () => {
  const files = (hostnames: string[], sites: string[]) => new Map([
    ['hostnames.conf', hostnames.map((line) => `${line};\n`).join('')], ['sites.conf', sites.map((line) => `${line};\n`).join('')],
    ['nginx.conf', 'http {\n  map a b {\n'],
  ]);
  const former = files(['a.test 1', 'b.test 1'], ['1 "live"', '2 "live"']);
  const is = (hostnames: string[], sites = ['1 "live"', '2 "live"']) => {
    const next = files(hostnames, sites);
    const lines = newHostnamesAlone(newLinesOnly({ name: '1-a', files: former }, { name: '2-b', files: next })!);
    return isNothingButNew(former, next, lines);
  };
  assert.equal(is(['a.test 1', 'b.test 1', 'c.test 1', 'd.test 2']), true);
  assert.equal(is(['a.test 1', 'b.test 1']), false, 'nothing is new');
  assert.equal(is(['a.test 1', 'c.test 1']), false, 'one is gone');
  assert.equal(is(['a.test 2', 'b.test 1', 'c.test 1']), false, 'one is other');
  assert.equal(is(['a.test 1', 'b.test 1', 'c.test 1'], ['1 "live"']), false, 'a site is gone');
  assert.equal(is(['a.test 1', 'b.test 1', 'c.test 1'], ['1 "live"', '2 "gone"']), false, 'a site is other');
  assert.equal(is(['a.test 1', 'b.test 1', 'c.test 3'], ['1 "live"', '2 "live"', '3 "live"']), false, 'a site is new');
});
