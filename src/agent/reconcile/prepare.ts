/** From desired state to files that nginx takes: what is bad is held back, site by site, and the rest goes on. */
import type { Desired, SiteDesired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import type { Waiting } from '../../domain/observed.ts';
import { differing } from '../../domain/rows.ts';
import type { Rendered } from '../../render/container.ts';
import type { Kept } from '../../render/site.ts';
import { wholeVassal } from '../../render/vassal.ts';
import type { Log } from '../../log.ts';
import { findBad, isTooMany } from '../nginx/bisect.ts';
import type { TestResult } from '../nginx/test.ts';
import { keptOf, type QuarantineBook, wantedRev } from '../state/quarantine.ts';
import type { Taken } from './read.ts';

export interface Renderer {
  render(desired: Desired, quarantined: ReadonlyMap<SiteId, Kept>): Rendered;
}

export interface Preparer {
  /** Before a newer state is kept: remember what to go back to. Durable when it returns. */
  remember(taken: Taken): void;
  /** Files that nginx takes; or why there are none. */
  prepare(desired: Desired): Promise<Rendered | Waiting>;
  holdBack(desired: Desired, site: SiteId, reason: string): void;
}

const NOTHING: Kept = { line: null, vassal: null };

export function preparer(parts: {
  renderer: Renderer;
  book: QuarantineBook;
  log: Log;
  test(rendered: Rendered): Promise<TestResult>;
  /** Whether this vassal is the one in service; null: the site has none. */
  isInService(site: SiteId, digest: string | null): boolean;
}): Preparer {
  const { renderer, book, log } = parts;
  /** Sites whose rows have changed since nginx last took everything: a refusal comes from one of them. */
  const changed = new Set<SiteId>();
  let last: Rendered | null = null;

  function holdBack(desired: Desired, site: SiteId, reason: string): void {
    const rev = wantedRev(desired, site);
    book.hold(site, { rev, reason }, Date.now());
    log.warn('site quarantined', { site, rev, servedRev: book.lastGood.get(site)?.rev ?? null, reason });
  }

  async function refused(desired: Desired, kept: ReadonlyMap<SiteId, Kept>): Promise<SiteId[]> {
    const candidates = [...changed].filter((site) => desired.sites.has(site) && !kept.has(site));
    return await findBad(candidates, async (subset) => {
      const others = candidates.filter((site) => !subset.includes(site));
      const trial = new Map([...kept, ...others.map((site) => [site, book.lastGood.get(site) ?? NOTHING] as const)]);
      return (await parts.test(renderer.render(desired, trial))).ok;
    });
  }

  return {
    holdBack,
    remember({ before, desired }) {
      for (const site of differing(before?.sites ?? new Map<SiteId, SiteDesired>(), desired.sites)) {
        if (!desired.sites.has(site)) continue;
        changed.add(site);
        // While an earlier change is still under way, what it is to go back to stays.
        const line = last?.lines.get(site) ?? null;
        const vassal = last?.vassals.get(site) ?? null;
        if (before && line !== null && !book.held.has(site) && parts.isInService(site, vassal?.digest ?? null)) {
          book.keep(site, { line, vassal: vassal && wholeVassal(vassal), rev: wantedRev(before, site) });
        }
      }
      book.save();
    },
    async prepare(desired) {
      for (;;) {
        const kept = keptOf(book, desired, Date.now());
        const rendered = renderer.render(desired, kept);
        const failed = new Map(rendered.failures.filter(({ site }) => !kept.has(site)).map(({ site, reason }) => [site, reason]));
        if (failed.size === 0) {
          const tested = await parts.test(rendered);
          if (tested.ok) {
            changed.clear();
            last = rendered;
            return rendered;
          }
          for (const site of await refused(desired, kept)) failed.set(site, tested.message);
          if (failed.size === 0) return { on: 'nginx', message: tested.message };
        }
        if (isTooMany(failed.size, desired.sites.size)) {
          return { on: 'refused', message: `${failed.size} sites fail at once, the first: ${[...failed.values()][0]}` };
        }
        for (const [site, reason] of failed) holdBack(desired, site, reason);
      }
    },
  };
}
