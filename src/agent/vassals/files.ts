/** What is on disk of the vassals: their inis, and the links that say which one is in service. */
import { lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { isId, type SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import { replaceLink } from '../files/atomic.ts';
import type { VassalFiles } from './plan.ts';

interface Found {
  inis: Map<string, number>;
  link: { digest: string; since: number } | null;
}

const INI = /^(s[^.]{9})\.([A-Za-z0-9]+)\.ini$/;

export interface VassalDisk {
  of(site: SiteId): VassalFiles;
  sites(): Iterable<SiteId>;
  /** Look again: at the start, and when someone may have touched the files. Returns names that no vassal has. */
  scan(): string[];
  /** After an ini was written or removed. */
  noteIni(site: SiteId, digest: string, present: boolean): void;
  link(site: SiteId, digest: string): void;
  unlink(site: SiteId): void;
}

const NOTHING: VassalFiles = { inis: new Map(), link: null };

export function vassalDisk(layout: Layout): VassalDisk {
  let found = new Map<SiteId, Found>();
  const entry = (site: SiteId): Found => {
    const one = found.get(site) ?? { inis: new Map(), link: null };
    found.set(site, one);
    return one;
  };
  const forgetEmpty = (site: SiteId) => {
    const one = found.get(site);
    if (one && one.inis.size === 0 && !one.link) found.delete(site);
  };

  return {
    of: (site) => found.get(site) ?? NOTHING,
    sites: () => found.keys(),
    scan() {
      found = new Map();
      const strangers: string[] = [];
      for (const name of readdirSync(places.vassalsDir(layout))) {
        const [, site, digest] = INI.exec(name) ?? [];
        const path = `${places.vassalsDir(layout)}/${name}`;
        if (isId('s', site)) entry(site).inis.set(digest!, lstatSync(path).mtimeMs);
        else strangers.push(path);
      }
      for (const name of readdirSync(layout.runDir)) {
        const site = name.endsWith('.sock') ? name.slice(0, -5) : '';
        const stat = isId('s', site) ? lstatSync(`${layout.runDir}/${name}`) : null;
        if (!stat?.isSymbolicLink()) continue;
        const target = readlinkSync(`${layout.runDir}/${name}`);
        entry(site).link = { digest: basename(target, '.sock'), since: stat.mtimeMs };
      }
      return strangers;
    },
    noteIni(site, digest, present) {
      if (present) entry(site).inis.set(digest, lstatSync(places.vassalFile(layout, site, digest)).mtimeMs);
      else entry(site).inis.delete(digest);
      forgetEmpty(site);
    },
    link(site, digest) {
      replaceLink(places.siteSocket(layout, site), places.vassalSocket(layout, site, digest));
      entry(site).link = { digest, since: Date.now() };
    },
    unlink(site) {
      rmSync(places.siteSocket(layout, site), { force: true });
      entry(site).link = null;
      forgetEmpty(site);
    },
  };
}
