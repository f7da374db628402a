import type { Desired, HostnameDesired, Member } from '../domain/desired.ts';
import { type Layout, places } from '../domain/layout.ts';
import { createDesiredTracker } from './changes.ts';
import { createNginxDigest, generationConf } from './generation-conf.ts';
import { edgeHostnameLine } from './hostnames.ts';
import { createSortedLines } from './sorted.ts';
import { cidr, Unrenderable } from './syntax.ts';
import { edgePages, templates } from './templates.ts';

interface Address {
  readonly address: string;
  readonly port: number;
}

/** Where things are at an edge; a container's layout fits too. */
export interface EdgeLayout extends Omit<Layout, 'listen' | 'listenAlso'> {
  /** Where visitors arrive: 127.0.0.1 and ::1 on a person's own machine, one address or several elsewhere. */
  readonly listen: Address | readonly Address[];
}

/** Of what a container records of itself. */
export function edgeLayoutOf({ listenAlso = [], ...layout }: Layout): EdgeLayout {
  return { ...layout, listen: [layout.listen, ...listenAlso] };
}

export interface RenderedEdge {
  /** nginx.conf and what it includes, by name. An unchanged file is the same string. */
  readonly nginx: ReadonlyMap<string, string>;
  /** Settings that cannot be rendered, and are left out: a proxy that is not believed does less harm than one that is. */
  readonly failures: readonly string[];
  /** `desired` as in containers; `files` and `nginx` of all files but generation.conf: the same while no reload is needed. */
  readonly digests: { readonly desired: string; readonly files: string; readonly nginx: string };
}

export interface EdgeRenderer {
  /**
   * @param members the containers that may get visitors, in any order
   * @throws Unrenderable for a member or a layout that cannot be one
   */
  render(desired: Desired, members: readonly Member[]): RenderedEdge;
}

/** Longer than any container waits for its vassal (`siteSettingsSchema`'s longest harakiri, and nginx's grace). */
const READ_SECONDS = 630;
/** Old workers after a reload: long enough for large downloads, short enough that they do not pile up. */
const SHUTDOWN_SECONDS = 300;

/** Renders an edge. Of desired state it depends on which site each hostname belongs to, and on the trusted proxies. */
export function createEdgeRenderer(layout: EdgeLayout): EdgeRenderer {
  const track = createDesiredTracker();
  const digestOfFiles = createNginxDigest();
  const lines = createSortedLines();
  const namesOf = new Map<string, Set<string>>();

  function update(desired: Desired): string {
    const { changes, digest } = track(desired);
    const names = new Set(changes.hostnames.changed);
    const leave = ({ site, hostname }: HostnameDesired) => {
      namesOf.get(site)?.delete(hostname);
      names.add(hostname);
    };
    for (const [, row] of changes.hostnames.removed) leave(row);
    for (const row of changes.hostnames.before.values()) leave(row);
    for (const name of changes.hostnames.changed) {
      const { site } = desired.hostnames.get(name)!;
      const held = namesOf.get(site);
      if (held) held.add(name);
      else namesOf.set(site, new Set([name]));
    }
    // Whether a site is served at all shows in its phase.
    for (const site of [...changes.sites.changed, ...changes.sites.removed.map(([id]) => id)]) {
      for (const name of namesOf.get(site) ?? []) names.add(name);
    }
    for (const name of names) {
      const row = desired.hostnames.get(name);
      const line = row ? edgeHostnameLine(row, desired) : null;
      if (line === null) lines.delete(name);
      else lines.set(name, line);
    }
    return digest;
  }

  return {
    render(desired, members) {
      const digest = update(desired);
      const failures: string[] = [];
      const trusted = desired.settings.trustedProxies.filter((proxy) => {
        try {
          return cidr(proxy, 'a trusted proxy');
        } catch (error) {
          if (!(error instanceof Unrenderable)) throw error;
          failures.push(error.message);
          return false;
        }
      });
      const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
      const data = {
        nginxUser: layout.nginxUser,
        pid: `${layout.root}/nginx/nginx.pid`,
        log: `${layout.root}/log`,
        temp: `${layout.root}/nginx/temp`,
        probeSocket: places.probeSocket({ ...layout, listen: [layout.listen].flat()[0]! }),
        relaySocket: places.relaySocket(layout),
        listen: [layout.listen].flat(),
        trusted: [...new Set(trusted)],
        members: sorted,
        bodyMegabytes: 100,
        readSeconds: READ_SECONDS,
        shutdownSeconds: SHUTDOWN_SECONDS,
        pages: edgePages,
      };
      const files = new Map([
        ['nginx.conf', templates.edgeNginx(data)],
        ['routing.conf', templates.edgeRouting(data)],
        ['members.conf', templates.edgeMembers(data)],
        ['hostnames.conf', lines.text()],
      ]);
      const nginx = digestOfFiles(files);
      files.set('generation.conf', generationConf(desired, nginx));
      return { nginx: files, failures, digests: { desired: digest, files: nginx, nginx } };
    },
  };
}
