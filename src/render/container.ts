import type { Desired, HostnameDesired, SiteDesired } from '../domain/desired.ts';
import type { ReleaseId, SiteId } from '../domain/id.ts';
import type { Layout } from '../domain/layout.ts';
import { withChanges } from '../domain/rows.ts';
import { createDesiredTracker } from './changes.ts';
import { createContainerNginx } from './container-nginx.ts';
import { digestOf } from './digest.ts';
import { dirtySites } from './dirty.ts';
import { type Remembered, type RememberedSite, sharedDigest, type Touched, unchangedSites } from './remembered.ts';
import { type Kept, NOTHING_KEPT, recallSite, renderSite, type SiteResult, versionOf } from './site.ts';
export type { Kept } from './site.ts';
import type { Secrets } from './site-file.ts';
import { createSetDigest } from './set-digest.ts';
import { createSortedLines } from './sorted.ts';
import { LazyVassal, type RenderedVassal } from './vassal.ts';

/** All files of a container, as texts. */
export interface Rendered {
  /** nginx.conf and what it includes, by name: one directory, nothing outside it. An unchanged file is the same string. */
  readonly nginx: ReadonlyMap<string, string>;
  readonly vassals: ReadonlyMap<SiteId, RenderedVassal>;
  /** The line of sites.conf of each site that has one: keep it, to hand it back should the next one be bad. */
  readonly lines: ReadonlyMap<SiteId, string>;
  /** What cannot be rendered, by site; unless something was kept for it, nginx answers 502 for that site. */
  readonly failures: readonly Failure[];
  readonly digests: {
    /** Of the desired state, whatever its generation. */
    readonly desired: string;
    /** Of every file but generation.conf. */
    readonly files: string;
    /** Of nginx's files but generation.conf; nginx's proof says it. While it is the same, no reload is needed. */
    readonly nginx: string;
  };
}

export interface Failure {
  readonly site: SiteId;
  readonly reason: string;
}

export interface ContainerRenderer {
  /**
   * @param quarantined what stays in service of sites whose newest state is bad, though it can be rendered; a suspended
   *   or deleted site is so all the same
   * @throws Unrenderable only for what no single site is to blame for
   */
  render(desired: Desired, quarantined: ReadonlyMap<SiteId, Kept>): Rendered;
  /** Names what the newest state of a site comes to, as it was rendered last; whether it is kept from service or not. */
  version(site: SiteId): string;
  /** What the next start needs not render again, as of `desired`, which was rendered last. */
  remember(desired: Desired): Remembered;
}

/** A site's part once its lines are in the files: 10,000 maps of two lines each would take 3 MB. */
type Placed = Omit<SiteResult, 'hostnames'> & { readonly names: readonly string[] };

const NO_REASONS: readonly string[] = [];
const NOTHING = { ...NOTHING_KEPT, reasons: NO_REASONS, newest: null };

/** What was remembered, and which rows are other ones than then. */
export interface Recalled {
  readonly remembered: Remembered;
  readonly touched: Touched;
}

/**
 * Renders everything in one container. It remembers each site by what it was made from: a change of one row among
 * 10,000 sites costs that site, a pass over the rows, and the joining of the lines (docs/decisions/one-line-a-site.md).
 */
export function createContainerRenderer(layout: Layout, secrets: Secrets, recalled: Recalled | null = null): ContainerRenderer {
  const track = createDesiredTracker();
  const nginx = createContainerNginx(layout);
  const hostnamesOf = new Map<SiteId, readonly HostnameDesired[]>();
  const placed = new Map<SiteId, Placed>();
  const hostLines = createSortedLines();
  const siteLines = createSortedLines();
  const failing = new Map<SiteId, readonly string[]>();
  let vassals: ReadonlyMap<SiteId, RenderedVassal> = new Map();
  const vassalSet = createSetDigest();
  let kept: ReadonlyMap<SiteId, Kept> = new Map();
  let unused = recalled;
  /** Most sites have the same releases, and one list of them is enough. */
  const releaseLists = new Map<string, readonly ReleaseId[]>();

  function place({ hostnames, releases, reasons, ...result }: SiteResult): Placed {
    const key = releases.join(' ');
    if (!releaseLists.has(key)) releaseLists.set(key, releases);
    return { ...result, names: [...hostnames.keys()], releases: releaseLists.get(key)!, reasons: reasons.length > 0 ? reasons : NO_REASONS };
  }

  /** Begin with the sites that are as they were; how many. */
  function recall(desired: Desired, { remembered, touched }: Recalled): number {
    const results = new Map<SiteId, SiteResult>();
    for (const one of unchangedSites(remembered, desired, touched)) {
      const site = desired.sites.get(one.site)!;
      const rows = one.hostnames.map(([name]) => desired.hostnames.get(name)!);
      const result = recallSite({ layout, secrets, desired, site, rows, remembered: one });
      if (!result) continue;
      results.set(one.site, result);
      track.sites.recall(one.site, site, one.row);
      rows.forEach((row, i) => { track.hostnames.recall(row.hostname, row, one.hostnames[i]![1]); });
      hostnamesOf.set(one.site, rows);
    }
    if (results.size > 0) track.recallShared(desired);
    replace(results);
    return results.size;
  }

  function rememberSite(site: SiteId, { line, vassal, harakiri, names }: Placed): RememberedSite {
    return {
      site, line, harakiri, row: track.sites.digestOf(site)!,
      vassal: vassal instanceof LazyVassal ? { digest: vassal.digest, rev: vassal.rev, files: vassal.files } : null,
      hostnames: (hostnamesOf.get(site) ?? []).map(({ hostname: name }) =>
        [name, track.hostnames.digestOf(name)!, names.includes(name) ? hostLines.get(name)! : null] as const),
    };
  }

  /** Old hostnames go before new ones come: one that moved from A to B must not be removed with A. */
  function replace(next: ReadonlyMap<SiteId, SiteResult | null>): void {
    const changed = new Map<SiteId, RenderedVassal | undefined>();
    for (const [site, result] of next) {
      for (const name of placed.get(site)?.names ?? []) {
        if (!result?.hostnames.has(name)) hostLines.delete(name);
      }
    }
    for (const [site, result] of next) {
      for (const [name, line] of result?.hostnames ?? []) hostLines.set(name, line);
      if (result?.line) siteLines.set(site, result.line);
      else siteLines.delete(site);
      const before = placed.get(site);
      if (before?.vassal) vassalSet.remove(before.filesDigest);
      if (result?.vassal) vassalSet.add(result.filesDigest);
      changed.set(site, result?.vassal ?? undefined);
      if (result) placed.set(site, place(result));
      else placed.delete(site);
      if (result && result.reasons.length > 0) failing.set(site, result.reasons);
      else failing.delete(site);
    }
    vassals = withChanges(vassals, changed);
  }

  return {
    render(desired, quarantined) {
      const found = unused ? recall(desired, unused) : 0;
      unused = null;
      const { changes, digest } = track(desired);
      const dirty = dirtySites(desired, changes, hostnamesOf);
      for (const site of [...quarantined.keys(), ...kept.keys()]) {
        if (quarantined.get(site) !== kept.get(site)) dirty.add(site);
      }
      kept = new Map(quarantined);

      const next = new Map<SiteId, SiteResult | null>();
      for (const id of dirty) {
        const site: SiteDesired | undefined = desired.sites.get(id);
        next.set(id, site ? renderSite({ layout, secrets, desired, site, rows: hostnamesOf.get(id), kept: kept.get(id) }) : null);
      }
      replace(next);
      const files = nginx(desired, { hostnames: hostLines.text(), sites: siteLines.text() }, next.size > 0 || found > 0 ? placed : null);
      return {
        nginx: files.files,
        vassals,
        lines: siteLines.entries(),
        failures: [...failing].flatMap(([site, reasons]) => reasons.map((reason) => ({ site, reason }))),
        digests: { desired: digest, files: digestOf([files.digest, vassalSet.text()]), nginx: files.digest },
      };
    },
    version(site) {
      const { newest, ...parts } = placed.get(site) ?? NOTHING;
      return newest ?? versionOf(parts);
    },
    remember(desired) {
      const whole = [...placed].filter(([site, { reasons }]) => reasons.length === 0 && !kept.has(site));
      return { shared: sharedDigest(desired), sites: whole.map(([site, result]) => rememberSite(site, result)) };
    },
  };
}
