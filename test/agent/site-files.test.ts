/** What many sites that go at once leave behind: nothing of theirs, all that is another's, by few programs. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { createTree } from '../../src/agent/files/tree.ts';
import { siteFiles } from '../../src/agent/reconcile/site-files.ts';
import type { SiteId } from '../../src/domain/id.ts';
import { places } from '../../src/domain/layout.ts';
import { layout as layoutAt } from '../render/fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'reeve-site-files-'));
after(() => rmSync(root, { recursive: true }));
const layout = { ...layoutAt(root), root, runDir: join(root, 'run'), storesDir: join(root, 'stores') };

test('sites that go together are removed by a few programs, not one each; their stores and what they link to stay', (t) => {
  const sites = Array.from({ length: 400 }, (_, n) => `s${String(n).padStart(9, '0')}` as SiteId);
  const ownOf = (site: SiteId) => [places.workDir(layout, site), places.logDir(layout, site), places.vassalSocketDir(layout, site)];
  const others = join(root, 'others');
  for (const directory of [others, ...sites.flatMap((site) => [...ownOf(site), places.storeDir(layout, site)])]) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'kept'), '');
  }
  symlinkSync(others, join(places.workDir(layout, sites[0]!), 'linked'));
  const stays = 's00000stays' as SiteId;
  mkdirSync(places.workDir(layout, stays));

  // Counts how often it is started, and does what it is to do.
  const bin = join(root, 'bin');
  const started = join(root, 'started');
  mkdirSync(bin);
  const path = process.env.PATH!;
  writeFileSync(join(bin, 'rm'), `#!/bin/sh\necho >> '${started}'\nPATH='${path}' exec rm "$@"\n`, { mode: 0o755 });
  process.env.PATH = `${bin}${delimiter}${path}`;
  t.after(() => { process.env.PATH = path; });
  siteFiles(layout, createTree()).remove(sites);

  assert.deepEqual(sites.flatMap(ownOf).filter((each) => existsSync(each)), []);
  assert.ok(sites.every((site) => existsSync(join(places.storeDir(layout, site), 'kept'))));
  assert.ok(existsSync(join(others, 'kept')) && existsSync(places.workDir(layout, stays)));
  assert.equal(readFileSync(started, 'utf8').length, 3, '1,200 directories');
});
