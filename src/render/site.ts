import type { Desired, HostnameDesired, SiteDesired } from '../domain/desired.ts';
import type { ReleaseId } from '../domain/id.ts';
import type { Layout } from '../domain/layout.ts';
import { SecretUnreadable } from '../domain/secrets.ts';
import { hostnameLines, siteHostnames } from './hostnames.ts';
import type { Secrets } from './site-file.ts';
import { keptLine, releasesOf, siteLine } from './site-line.ts';
import { Unrenderable } from './syntax.ts';
import type { RememberedSite } from './remembered.ts';
import { filesDigest, LazyVassal, type RenderedVassal, renderVassal } from './vassal.ts';

/** What stays in service of a site whose newest state is bad. Null where there never was any. */
export interface Kept {
  readonly line: string | null;
  readonly vassal: RenderedVassal | null;
}

/** One site's part of a container's files. */
export interface SiteResult {
  /** Lines of hostnames.conf by name. */
  readonly hostnames: ReadonlyMap<string, string>;
  readonly line: string | null;
  readonly vassal: RenderedVassal | null;
  /** Of the vassal's three files; empty without one. */
  readonly filesDigest: string;
  readonly reasons: readonly string[];
  readonly harakiri: number;
  readonly releases: readonly ReleaseId[];
}

/** Render one site. What is wrong with it is in `reasons`, and is nobody else's trouble. */
export function renderSite(input: {
  readonly layout: Layout;
  readonly secrets: Secrets;
  readonly desired: Desired;
  readonly site: SiteDesired;
  readonly rows: readonly HostnameDesired[] | undefined;
  readonly kept: Kept | undefined;
}): SiteResult {
  const { layout, secrets, desired, site, kept } = input;
  const hostnames = siteHostnames(input.rows ?? []);
  const reasons: string[] = [];
  const routes = hostnameLines(site, hostnames, (problem) => reasons.push(problem.message));
  let line: string | null = null;
  let vassal: RenderedVassal | null = null;
  try {
    if (site.phase === 'live' && kept) {
      line = kept.line === null ? null : keptLine(site.id, kept.line);
      vassal = kept.vassal;
    } else if (site.phase === 'suspended') {
      line = siteLine(site, null);
    } else if (site.phase === 'live') {
      const release = desired.releases.get(site.release ?? '');
      const server = desired.databaseServers.get(site.databaseServer);
      if (!release?.manifest) throw new Unrenderable('the release', site.release, release ? `it is ${release.phase}` : 'there is none');
      if (!server) throw new Unrenderable('the database server', site.databaseServer, 'it is not known');
      const rev = Math.max(site.rev, release.rev, server.rev, ...hostnames.bound.map((row) => row.rev), ...hostnames.reserved.map((row) => row.rev));
      vassal = renderVassal({ layout, secrets, settings: desired.settings, site, hostnames: () => hostnames, manifest: release.manifest, server }, rev);
      line = siteLine(site, release.manifest);
    }
  } catch (error) {
    // Both, or none: a line without its vassal, or the other way round, would be half a site.
    line = null;
    vassal = null;
    // Anything at all: rows are JSON, and what no type allows in one site's must not stop the others. A fault of ours
    // would be every site's at once, and that many failures refuse the whole generation.
    const expected = error instanceof Unrenderable || error instanceof SecretUnreadable;
    reasons.push(expected ? error.message : `it cannot be rendered: ${error}`);
  }
  return {
    hostnames: routes, line, vassal, reasons,
    filesDigest: vassal ? digestOfFiles(site.id, vassal) : '',
    // Of what is in service, which need not be what the row says.
    harakiri: Number(vassal?.ini.match(/^harakiri = (\d+)$/m)?.[1] ?? 0),
    releases: line ? releasesOf(line) : [],
  };
}

function digestOfFiles(site: string, vassal: RenderedVassal): string {
  return vassal instanceof LazyVassal ? vassal.files : filesDigest(site, vassal);
}

/** A site's part as it was when it was remembered, from the same rows. Null when what it needs is not there. */
export function recallSite(input: {
  readonly layout: Layout;
  readonly secrets: Secrets;
  readonly desired: Desired;
  readonly site: SiteDesired;
  readonly rows: readonly HostnameDesired[];
  readonly remembered: RememberedSite;
}): SiteResult | null {
  const { layout, secrets, desired: { settings, releases, databaseServers }, site, rows, remembered } = input;
  const { line, vassal: known, harakiri } = remembered;
  const manifest = releases.get(site.release ?? '')?.manifest;
  const server = databaseServers.get(site.databaseServer);
  if (known && (!manifest || !server)) return null;
  return {
    line, harakiri, reasons: [], releases: line ? releasesOf(line) : [],
    hostnames: new Map(remembered.hostnames.flatMap(([name, , text]) => (text === null ? [] : [[name, text] as const]))),
    vassal: known && new LazyVassal(known, {
      layout, secrets, settings, site, manifest: manifest!, server: server!, hostnames: () => siteHostnames(rows),
    }),
    filesDigest: known ? known.files : '',
  };
}
