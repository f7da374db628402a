import type { Desired } from './desired.ts';
import type { ReleaseId } from './id.ts';

/** The releases that live sites run on, or still take files of the old edition from, and the digest of each. */
export function releasesInUse({ sites, releases }: Desired): Map<ReleaseId, string> {
  const used = new Map<ReleaseId, string>();
  for (const { phase, release, previousRelease } of sites.values()) {
    if (phase !== 'live') continue;
    for (const id of [release, previousRelease]) {
      const row = id === null || used.has(id) ? undefined : releases.get(id);
      if (row?.digest) used.set(row.id, row.digest);
    }
  }
  return used;
}
