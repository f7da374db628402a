/**
 * New hostnames, served before nginx has read the files that hold them. A link named by the hostname leads to a directory
 * whose name is the hostname's line, and nginx asks for the path that the link resolves to ($realpath_root): no parse, no
 * reload, no other program in a request's way. docs/decisions/propagation.md
 */
import { chmodSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type Layout, places } from '../../domain/layout.ts';
import { namesIn } from '../files/names.ts';

export interface Overlay {
  /**
   * Serve these lines of hostnames.conf, which were tested, from now on: those of sites that nginx knows, by the sites.conf
   * that it has read.
   * @returns whether all of them are
   */
  put(lines: string, sites: string): boolean;
  /** Take away what `hostnames`, the text of a hostnames.conf, does not hold. */
  keepOnly(hostnames: string): void;
  /** Everything of it is in files that nginx has read, or wanted no more. */
  clear(): void;
}

/** More at once are an import, which nobody waits for by the tenth of a second. */
const MOST = 100;
/** `hostname "site role https target";`, each of characters that a file's name may have. */
const LINE = /^([a-z0-9][a-z0-9.-]*) "([a-z0-9]+) ([a-z]+) ([a-z]+) ([a-z0-9.-]+)";$/;
/** Of a file's name on Linux. */
const LONGEST = 255;

export function createOverlay(layout: Pick<Layout, 'runDir'>): Overlay {
  const links = places.overlayLinks(layout);
  const values = places.overlayValues(layout);
  /** What an agent before this one left is served still, until the files of this one are. */
  const served = new Map(namesIn(links).map((name) => [name, lineOf(name, valueBehind(`${links}/${name}`))]));

  function remove(name: string): void {
    rmSync(`${links}/${name}`, { force: true, recursive: true });
    served.delete(name);
  }
  return {
    put(lines, sites) {
      const fresh = lines.split('\n').filter(Boolean);
      if (fresh.length > MOST) return false;
      let all = true;
      for (const line of fresh) {
        const [, name, ...fields] = LINE.exec(line) ?? [];
        const value = fields.join('~');
        if (name === undefined || value.length > LONGEST || !holdsLine(sites, `${fields[0]} "`)) {
          all = false;
          continue;
        }
        if (served.get(name) === line) continue;
        mkdirSync(`${values}/${value}`, { recursive: true });
        chmodSync(`${values}/${value}`, 0o711);
        remove(name);
        symlinkSync(`${values}/${value}`, `${links}/${name}`);
        served.set(name, line);
      }
      return all;
    },
    keepOnly(hostnames) {
      for (const [name, line] of [...served]) if (!holdsLine(hostnames, line)) remove(name);
    },
    clear() {
      if (served.size === 0) return;
      for (const name of [...served.keys()]) remove(name);
      for (const value of namesIn(values)) rmSync(`${values}/${value}`, { force: true, recursive: true });
    },
  };
}

/** Whether a line of the text begins so; within a line it is the end of a longer name. */
const holdsLine = (text: string, start: string) => text.startsWith(start) || text.includes(`\n${start}`);
const lineOf = (name: string, value: string) => `${name} "${value.replaceAll('~', ' ')}";`;

/** Empty for what is no link: no line is like it, so it goes. */
function valueBehind(link: string): string {
  try {
    return basename(readlinkSync(link));
  } catch {
    return '';
  }
}
