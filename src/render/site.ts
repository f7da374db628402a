import type { Desired, HostnameDesired, SiteDesired } from '../domain/desired.ts';
import type { ReleaseId } from '../domain/id.ts';
import type { Layout } from '../domain/layout.ts';
import { SecretUnreadable } from '../domain/secrets.ts';
import { digestOf } from './digest.ts';
import { hostnameLines, type SiteHostnames, siteHostnames } from './hostnames.ts';
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

/** Of one that never served. */
export const NOTHING_KEPT: Kept = { line: null, vassal: null };

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
  /** The version that the newest state of a site would be, of which something else is kept; null: it has its newest. */
  readonly newest: string | null;
}

/** Names what a site's state comes to, also one that cannot be rendered: another name is worth another try. */
export const versionOf = ({ line, vassal, reasons }: Parts): string => digestOf([line ?? '', vassal?.digest ?? '', ...reasons]);

type Parts = Pick<SiteResult, 'line' | 'vassal' | 'reasons'>;

interface Input {
  readonly layout: Layout;
  readonly secrets: Secrets;
  readonly desired: Desired;
  readonly site: SiteDesired;
  readonly rows: readonly HostnameDesired[] | undefined;
  readonly kept: Kept | undefined;
}

/** Render one site. What is wrong with it is in `reasons`, and is nobody else's trouble. */
export function renderSite(input: Input): SiteResult {
  const { site, kept } = input;
  const hostnames = siteHostnames(input.rows ?? []);
  const problems: string[] = [];
  const routes = hostnameLines(site, hostnames, (problem) => problems.push(problem.message));
  const newest = attempt(problems, () => newestOf(input, hostnames));
  const stays = site.phase === 'live' ? kept : undefined;
  const { line, vassal, reasons } = stays ? attempt(problems, () => keptOf(site, stays)) : newest;
  return {
    hostnames: routes, line, vassal, reasons, newest: stays ? versionOf(newest) : null,
    filesDigest: vassal ? digestOfFiles(site.id, vassal) : '',
    // Of what is in service, which need not be what the row says.
    harakiri: Number(vassal?.ini.match(/^harakiri = (\d+)$/m)?.[1] ?? 0),
    releases: line ? releasesOf(line) : [],
  };
}

const keptOf = (site: SiteDesired, { line, vassal }: Kept): Kept => ({ line: line === null ? null : keptLine(site.id, line), vassal });

/** @throws Unrenderable, SecretUnreadable */
function newestOf({ layout, secrets, desired, site }: Input, hostnames: SiteHostnames): Kept {
  if (site.phase === 'suspended') return { line: siteLine(site, null), vassal: null };
  if (site.phase !== 'live') return NOTHING_KEPT;
  const release = desired.releases.get(site.release ?? '');
  const server = desired.databaseServers.get(site.databaseServer);
  if (!release?.manifest) throw new Unrenderable('the release', site.release, release ? `it is ${release.phase}` : 'there is none');
  if (!server) throw new Unrenderable('the database server', site.databaseServer, 'it is not known');
  const rev = Math.max(site.rev, release.rev, server.rev, ...hostnames.bound.map((row) => row.rev), ...hostnames.reserved.map((row) => row.rev));
  const vassal = renderVassal({ layout, secrets, settings: desired.settings, site, hostnames: () => hostnames, manifest: release.manifest, server }, rev);
  return { line: siteLine(site, release.manifest), vassal };
}

/** Both, or none: a line without its vassal, or the other way round, would be half a site. */
function attempt(problems: readonly string[], make: () => Kept): Parts {
  try {
    return { ...make(), reasons: problems };
  } catch (error) {
    // Anything at all: rows are JSON, and what no type allows in one site's must not stop the others. A fault of ours
    // would be every site's at once, and that many failures refuse the whole generation.
    const expected = error instanceof Unrenderable || error instanceof SecretUnreadable;
    return { ...NOTHING_KEPT, reasons: [...problems, expected ? error.message : `it cannot be rendered: ${error}`] };
  }
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
    line, harakiri, reasons: [], newest: null, releases: line ? releasesOf(line) : [],
    hostnames: new Map(remembered.hostnames.flatMap(([name, , text]) => (text === null ? [] : [[name, text] as const]))),
    vassal: known && new LazyVassal(known, {
      layout, secrets, settings, site, manifest: manifest!, server: server!, hostnames: () => siteHostnames(rows),
    }),
    filesDigest: known ? known.files : '',
  };
}
