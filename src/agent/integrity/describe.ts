/** The container's word about itself, for whoever compares it with what Postgres says. Digests and ids, no contents. */
import { lstatSync, readFileSync } from 'node:fs';
import type { Desired } from '../../domain/desired.ts';
import { bucketDigests, bucketOf, comparable, type Description, MOST_LEFT_OUT, siteOf } from '../../domain/drift.ts';
import type { SiteId } from '../../domain/id.ts';
import type { Layout } from '../../domain/layout.ts';
import { masked } from '../../domain/mask.ts';
import type { SitesKey } from '../../domain/secrets.ts';
import type { ProofReader } from '../nginx/proof.ts';
import type { Routing } from '../reconcile/routing.ts';
import type { Vassals } from '../reconcile/vassals.ts';
import { releasesInUse } from '../../domain/releases-in-use.ts';
import { diskReader, pathOf } from './disk.ts';
import { releaseReader } from './releases.ts';

export interface Describer {
  describe(): Promise<Description>;
  /** Path and digest of each file in these buckets, and where each is. */
  list(buckets: readonly number[]): Promise<{ path: string; digest: string; at: string }[]>;
  /** The text of files, secrets masked; null for one that is not there or is no text. By path in a manifest. */
  texts(paths: readonly string[]): Record<string, string | null>;
}

const MOST_NOT_RUNNING = 200;
/** A larger file is not shown. */
const LARGEST = 4 * 1024 * 1024;

export function describer(parts: {
  layout: Layout; routing: Routing; vassals: Vassals | null; proof: ProofReader; sitesKey: SitesKey;
  /** Sites of which something else than their newest version serves. */
  heldBack(): readonly SiteId[];
  desired(): Desired | null;
}): Describer {
  const { layout, routing, vassals } = parts;
  const disk = diskReader(layout);
  const releases = releaseReader(layout.releasesDir);

  function without(): { leftOut: string[]; heldBack: boolean } {
    const held = parts.heldBack();
    return { leftOut: [...new Set([...held, ...(vassals?.unsettled() ?? [])])].sort().slice(0, MOST_LEFT_OUT), heldBack: held.length > 0 };
  }

  /** A suspended site's own files stay as they were, where there were any: nothing reads them. */
  function mayLie(path: string): boolean {
    if (!path.startsWith('sites/')) return false;
    const phase = parts.desired()?.sites.get(siteOf(path) ?? '')?.phase;
    return phase === 'suspended' || phase === 'creating';
  }

  async function files() {
    const { leftOut, heldBack } = without();
    const configuration = routing.serving();
    const found = await disk.read(configuration, new Set(leftOut));
    const emperor = vassals !== null;
    const manifest = new Map([...comparable(found, { emperor, leftOut, heldBack })].filter(([path]) => !mayLie(path)));
    return { leftOut, heldBack, configuration, emperor, manifest };
  }

  return {
    async describe() {
      // Else its files would be those of an older state than the one that it has accepted.
      await routing.settled();
      const desired = parts.desired();
      const { manifest, ...rest } = await files();
      return {
        rendererVersion: layout.rendererVersion, epoch: desired?.epoch ?? 0, generation: desired?.generation ?? 0,
        files: manifest.size, buckets: bucketDigests(manifest), ...rest,
        served: (await parts.proof.read())?.digest ?? null,
        releases: desired ? await releases.read(releasesInUse(desired)) : [],
        notRunning: vassals ? ((await vassals.notRunning())?.slice(0, MOST_NOT_RUNNING) ?? null) : [],
      };
    },
    async list(buckets) {
      const wanted = new Set(buckets);
      const { manifest, configuration } = await files();
      return [...manifest].filter(([path]) => wanted.has(bucketOf(path)))
        .map(([path, digest]) => ({ path, digest, at: pathOf(layout, configuration, path) }));
    },
    texts(paths) {
      const configuration = routing.serving();
      return Object.fromEntries(paths.map((path) => [path, textOf(path, configuration)]));
    },
  };

  function textOf(path: string, configuration: string | null): string | null {
    // Only what the listing can name: never a path from outside.
    if (!/^(nginx|vassals|sites)\/[\w.-]+(\/[\w.-]+)*$/.test(path) || path.includes('..') || path === 'nginx/current') return null;
    try {
      const at = pathOf(layout, configuration, path);
      // A link leads anywhere.
      if (!lstatSync(at).isFile()) return null;
      const bytes = readFileSync(at);
      return bytes.length > LARGEST || bytes.includes(0) ? null : masked(path, bytes.toString('utf8'), parts.sitesKey);
    } catch {
      return null;
    }
  }
}
