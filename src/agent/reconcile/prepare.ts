/** From desired state to files that nginx takes: what is bad is held back, site by site, and the rest goes on. */
import type { Desired, SiteDesired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import type { Waiting } from '../../domain/observed.ts';
import { differing } from '../../domain/rows.ts';
import type { Rendered } from '../../render/container.ts';
import { type Kept, NOTHING_KEPT } from '../../render/site.ts';
import { wholeVassal } from '../../render/vassal.ts';
import type { Log } from '../../log.ts';
import { findBad, isTooMany } from '../nginx/bisect.ts';
import type { TestResult } from '../nginx/test.ts';
import { keptOf, type QuarantineBook, wantedRev } from '../state/quarantine.ts';
import type { Taken } from './read.ts';

export interface Renderer {
  render(desired: Desired, quarantined: ReadonlyMap<SiteId, Kept>): Rendered;
  version(site: SiteId): string;
}

export interface Preparer {
  /** Before a newer state is kept: remember what to go back to. Durable when it returns. */
  remember(taken: Taken): void;
  /** Files that nginx takes; or why there are none. */
  prepare(desired: Desired): Promise<Rendered | Waiting>;
  holdBack(desired: Desired, site: SiteId, reason: string): void;
  /** Whether something else than its newest version serves, by what was prepared last, or has failed since. */
  isHeldBack(site: SiteId): boolean;
}

export function preparer(parts: {
  renderer: Renderer;
  book: QuarantineBook;
  log: Log;
  test(rendered: Rendered): Promise<TestResult>;
  /** The digest of the vassal in service; null: the site has none, undefined: there are none here. */
  inService(site: SiteId): string | null | undefined;
}): Preparer {
  const { renderer, book, log } = parts;
  /** Sites whose rows have changed since nginx last took everything: a refusal comes from one of them. */
  const changed = new Set<SiteId>();
  let last: { readonly desired: Desired; readonly rendered: Rendered } | null = null;
  /** One look at the clock for a whole pass: what it renders of a site, and what it then makes of it, must not differ. */
  let held = new Set<SiteId>();

  /** Remember what serves, before another version is tried: nothing while an earlier one is still under way. */
  function keep(site: SiteId): void {
    if (!last || book.held.has(site)) return;
    const line = last.rendered.lines.get(site) ?? null;
    const vassal = last.rendered.vassals.get(site) ?? null;
    const inService = parts.inService(site);
    if (line === null || (inService !== undefined && inService !== (vassal?.digest ?? null))) return;
    const kept = book.lastGood.get(site);
    if (kept?.line === line && kept.vassal?.digest === vassal?.digest) return;
    book.keep(site, { line, vassal: vassal && wholeVassal(vassal), rev: wantedRev(last.desired, site) });
  }

  /** Settings, hostnames and another version of ours change a site's files too, and not its row. */
  function keepChanged(rendered: Rendered): void {
    if (!last) return;
    const before = last.rendered;
    for (const site of differing(before.vassals, rendered.vassals)) {
      if (before.vassals.get(site)?.digest !== rendered.vassals.get(site)?.digest) keep(site);
    }
    for (const site of differing(before.lines, rendered.lines)) keep(site);
    book.save();
  }

  function holdBack(desired: Desired, site: SiteId, reason: string): void {
    const rev = wantedRev(desired, site);
    book.hold(site, { rev, version: renderer.version(site), reason }, Date.now());
    held.add(site);
    // Nobody wrote down what serves (another version of ours did): it stays as it is, behind the line that nginx has taken.
    const line = last?.rendered.lines.get(site) ?? null;
    if (!book.lastGood.has(site) && line !== null && parts.inService(site)) book.keep(site, { line, vassal: null, rev: null });
    log.warn('site quarantined', { site, rev, servedRev: book.lastGood.get(site)?.rev ?? null, reason });
  }

  async function refused(desired: Desired, kept: ReadonlyMap<SiteId, Kept>): Promise<SiteId[]> {
    // One that is tried again has not changed since it was refused.
    const candidates = [...new Set([...changed, ...book.held.keys()])].filter((site) => desired.sites.has(site) && !kept.has(site));
    return await findBad(candidates, async (subset) => {
      const others = candidates.filter((site) => !subset.includes(site));
      const trial = new Map([...kept, ...others.map((site) => [site, book.lastGood.get(site) ?? NOTHING_KEPT] as const)]);
      return (await parts.test(renderer.render(desired, trial))).ok;
    });
  }

  return {
    holdBack,
    isHeldBack: (site) => held.has(site),
    remember({ before, desired }) {
      for (const site of differing(before?.sites ?? new Map<SiteId, SiteDesired>(), desired.sites)) {
        if (!desired.sites.has(site)) continue;
        changed.add(site);
        if (before) keep(site);
      }
      book.save();
    },
    async prepare(desired) {
      const retried = new Set<SiteId>();
      for (;;) {
        const kept = keptOf(book, desired, Date.now());
        const rendered = renderer.render(desired, kept);
        const others = [...kept.keys()].filter((site) => !retried.has(site) && renderer.version(site) !== book.held.get(site)?.version);
        if (others.length > 0) {
          for (const site of others) {
            retried.add(site);
            book.retry(site);
          }
          continue;
        }
        const failed = new Map(rendered.failures.filter(({ site }) => !kept.has(site)).map(({ site, reason }) => [site, reason]));
        if (failed.size === 0) {
          const tested = await parts.test(rendered);
          if (tested.ok) {
            changed.clear();
            keepChanged(rendered);
            last = { desired, rendered };
            held = new Set(kept.keys());
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
