/** How the vassals in service fare: after a restart of the emperor all of them start anew, without any change. Pure. */
import type { SiteId } from '../../domain/id.ts';
import type { Waiting } from '../../domain/observed.ts';
import { ageOf } from './age.ts';
import type { EmperorView } from './emperor.ts';

export interface InService {
  /** They come up: until then a container that has just started is not ready. */
  readonly starting: readonly Waiting[];
  /** They do not come up, and the emperor tries again and again. They hold nothing up: no other container is to blame. */
  readonly failing: readonly Waiting[];
}

export function inServiceOf(
  vassals: Iterable<readonly [SiteId, { readonly digest: string }]>, view: EmperorView, startWithinMs: number, now: number,
): InService {
  const starting: Waiting[] = [];
  const failing: Waiting[] = [];
  for (const [site, { digest }] of vassals) {
    const seen = view.get(`${site}.${digest}`);
    // Asleep is as it should be.
    if (seen?.accepting || seen?.pid === -1) continue;
    if (seen && seen.deaths > 0) failing.push({ on: 'vassal', site, message: 'its process ends again and again' });
    else if (seen && ageOf(seen.startedAt, now) > startWithinMs) failing.push({ on: 'vassal', site, message: 'its process takes no requests' });
    else starting.push({ on: 'vassal', site, message: 'starts' });
  }
  return { starting, failing };
}
