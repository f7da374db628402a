/**
 * What a renderer keeps of each site for the next start of its process, instead of rendering 10,000 sites anew (0.75 s
 * of processor time): digests and lines, no file's contents and no secret. It may be used only by the same code, layout
 * and key, and for rows that are the same as then; both are the caller's to know.
 */
import type { Desired } from '../domain/desired.ts';
import type { SiteId } from '../domain/id.ts';
import { canonicalJson, digestOf } from './digest.ts';

export interface RememberedSite {
  readonly site: SiteId;
  /** Of its row. Hexadecimal, as all digests here. */
  readonly row: string;
  /** Of sites.conf. */
  readonly line: string | null;
  /** `files` is the digest of its three files. */
  readonly vassal: { readonly digest: string; readonly rev: number; readonly files: string } | null;
  /** Seconds; 0 without a vassal. */
  readonly harakiri: number;
  /** Name, digest of its row, line of hostnames.conf. */
  readonly hostnames: readonly (readonly [name: string, row: string, line: string | null])[];
}

export interface Remembered {
  /** Of what all sites depend on: settings, releases, database servers. */
  readonly shared: string;
  /** Only sites that could be rendered, from their newest rows. */
  readonly sites: readonly RememberedSite[];
}

/** Identities of the rows that are other than when it was remembered: new, changed, removed. */
export interface Touched {
  readonly sites: ReadonlySet<string>;
  readonly hostnames: ReadonlySet<string>;
}

export function sharedDigest({ settings, releases, databaseServers }: Desired): string {
  const rows = <Row>(map: ReadonlyMap<string, Row>) => canonicalJson([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  return digestOf([canonicalJson(settings), rows(releases), rows(databaseServers)]);
}

/** The sites that are as they were, hostnames included. A name that came to a site, or left it, was touched. */
export function* unchangedSites(remembered: Remembered, desired: Desired, touched: Touched): Generator<RememberedSite> {
  if (sharedDigest(desired) !== remembered.shared) return;
  for (const one of remembered.sites) {
    if (touched.sites.has(one.site) || !desired.sites.has(one.site)) continue;
    if (one.hostnames.some(([name]) => touched.hostnames.has(name) || desired.hostnames.get(name)?.site !== one.site)) continue;
    yield one;
  }
}
