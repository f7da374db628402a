import type { Desired } from '../domain/desired.ts';
import { type Layout, places } from '../domain/layout.ts';
import { createNginxDigest, generationConf } from './generation-conf.ts';
import { httpsPort } from './hostnames.ts';
import type { SiteResult } from './site.ts';
import { containerPages, templates } from './templates.ts';

/** nginx waits a little longer than the slowest request that uWSGI lets live. */
const GRACE_SECONDS = 10;
/** The usual limit of a request, so that the first site to have it changes nothing. */
const DEFAULT_SECONDS = 30;
/** Other releases whose hashed files are looked for; each costs a failed open() for a file that is nowhere. */
const MAX_OTHER_RELEASES = 6;

/** nginx's part of a container's files. The large templates are rendered again only when what they show has changed. */
export function createContainerNginx(layout: Layout) {
  const digestOfFiles = createNginxDigest();
  let shown = '';
  let fixed: { readonly conf: string; readonly routing: string } = { conf: '', routing: '' };
  let longest = DEFAULT_SECONDS;
  let inUse = new Set<string>();

  /** @param sites null when they are the same as the last time */
  return (desired: Desired, lines: { hostnames: string; sites: string }, sites: ReadonlyMap<string, Pick<SiteResult, 'harakiri' | 'releases'>> | null) => {
    if (sites) {
      longest = DEFAULT_SECONDS;
      inUse = new Set();
      sites.forEach(({ harakiri, releases }) => {
        if (harakiri > longest) longest = harakiri;
        for (const release of releases) inUse.add(release);
      });
    }
    const data = {
      nginxUser: layout.nginxUser,
      pid: places.nginxPid(layout),
      log: `${layout.root}/log`,
      temp: `${places.nginxDir(layout)}/temp`,
      listen: layout.listen,
      trusted: [...layout.trusted],
      probeSocket: places.probeSocket(layout),
      runDir: layout.runDir,
      overlayLinks: places.overlayLinks(layout),
      overlayValues: places.overlayValues(layout),
      releases: layout.releasesDir,
      stores: layout.storesDir,
      bodyMegabytes: 100,
      readSeconds: longest + GRACE_SECONDS,
      // A reload ends the old workers once their requests have ended, and these cannot take longer.
      shutdownSeconds: longest + 2 * GRACE_SECONDS,
      httpsPort: httpsPort(desired.settings) === 443 ? null : httpsPort(desired.settings),
      inUse: newest(desired, inUse),
      pages: containerPages,
    };
    const now = JSON.stringify({ ...data, pages: null });
    if (now !== shown) {
      fixed = { conf: templates.containerNginx(data), routing: templates.containerRouting(data) };
      shown = now;
    }
    const files = new Map([
      ['nginx.conf', fixed.conf], ['routing.conf', fixed.routing], ['hostnames.conf', lines.hostnames], ['sites.conf', lines.sites],
    ]);
    const digest = digestOfFiles(files);
    files.set('generation.conf', generationConf(desired, digest));
    return { files, digest };
  };
}

/** The releases that changed last, in an order that does not depend on who asks. */
function newest(desired: Desired, inUse: ReadonlySet<string>): string[] {
  return [...inUse]
    .map((id) => ({ id, rev: desired.releases.get(id)?.rev ?? 0 }))
    .sort((a, b) => b.rev - a.rev || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_OTHER_RELEASES)
    .map(({ id }) => id)
    .sort();
}
