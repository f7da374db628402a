/**
 * One pass, the same for boot, a notification, the timer and an activity: read → accept and keep → render → files →
 * nginx (test, switch, prove) → vassals → record. It waits for nothing but nginx's proof, two seconds at most; what
 * is under way is found as it is by the next pass.
 */
import type { Desired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import { type Generation, NEVER } from '../../domain/generation.ts';
import type { ContainerRecord, Drift, VassalCounts, Waiting } from '../../domain/observed.ts';
import { withDefaults } from '../../domain/settings.ts';
import type { Tree } from '../files/tree.ts';
import type { Applied } from '../state/applied.ts';
import type { Folding } from '../state/folding.ts';
import { type Log, messageOf } from '../../log.ts';
import { type QuarantineBook, quarantinedOf } from '../state/quarantine.ts';
import type { GoneSites } from './gone-sites.ts';
import type { PassResult } from './loop.ts';
import type { Preparer } from './prepare.ts';
import type { DesiredReader } from './read.ts';
import type { Routing } from './routing.ts';
import type { SiteFiles } from './site-files.ts';
import type { Vassals } from './vassals.ts';

export interface ReconcileResult extends PassResult {
  readonly record: ContainerRecord;
  /** The next pass, a moment later, brings what this one began: nobody needs to hear of it before. */
  readonly isPassing: boolean;
}

export interface Parts {
  readonly reader: DesiredReader;
  readonly preparer: Preparer;
  readonly book: QuarantineBook;
  readonly tree: Tree;
  readonly files: SiteFiles | null;
  readonly gone: GoneSites | null;
  readonly routing: Routing;
  /** Null at an edge, and in a container without an emperor. */
  readonly vassals: Vassals | null;
  readonly folding: Pick<Folding, 'trouble'>;
  readonly log: Log;
  /** Remembers what was whole before this process began. */
  readonly applied: Applied;
  state(converged: boolean): ContainerRecord['state'];
}

/** Something is under way, of which the next state is looked for. */
const SOON_MS = 60;
/** Something did not work: nginx not started yet, a full disk. */
const RETRY_MS = 250;
const NO_VASSALS: VassalCounts = { awake: 0, asleep: 0, starting: 0, failing: 0 };

interface Followed {
  readonly counts: VassalCounts;
  readonly pending: boolean;
  /** Sites whose vassal in service does not run: named, but a container is ready all the same. */
  readonly failing: readonly Waiting[];
}

const NOTHING_YET: Followed = { counts: NO_VASSALS, pending: false, failing: [] };

export function createPass(parts: Parts): { pass(): Promise<ReconcileResult>; mendNext(): void } {
  const { reader, preparer, book, log } = parts;
  /** Of `performance.now()`. */
  let mendedAt = Number.NEGATIVE_INFINITY;
  /** Why the last pass did: the next one mostly does so for the same reason. */
  let brokeOff: string | null = null;
  let served: Generation = NEVER;
  let digests = { desired: '', files: '' };
  let isFirst = true;

  /** What was changed while no agent ran: known where all of what is wanted now was in place before. */
  function changedMeanwhile(): Drift[] {
    if (!isFirst || digests.files === '') return [];
    isFirst = false;
    const found = [...parts.tree.foundAtStart(), ...parts.routing.foundAtStart(), ...(parts.vassals?.foundAtStart() ?? [])];
    if (!parts.applied.was(digests.files)) return [];
    const drift = [...new Map(found.map((each) => [each.path, each])).values()];
    for (const { path, kind } of drift) log.warn('drift', { path, kind, while: 'no agent ran' });
    return drift;
  }

  function logged(drift: Drift[]): Drift[] {
    for (const { path, kind } of drift) log.warn('drift', { path, kind });
    return drift;
  }

  /** Every file against what was written: as often as the schedule's check, which may not reach this container. */
  function mend(desired: Desired): Drift[] {
    if (performance.now() - mendedAt < 1_000 * withDefaults(desired.settings).integrity.intervalSeconds) return [];
    mendedAt = performance.now();
    return logged([
      ...(parts.vassals?.mend() ?? []), ...parts.tree.mend(), ...(parts.files?.strangers(desired) ?? []), ...parts.routing.mend(),
    ]);
  }

  /** Sites that serve their newest version have nothing to go back to. */
  function settle(desired: Desired, proved: boolean): void {
    for (const site of new Set([...book.lastGood.keys(), ...book.held.keys()])) {
      const done = proved && !parts.vassals?.isUnsettled(site) && !preparer.isHeldBack(site);
      if (done || !desired.sites.has(site)) book.settle(site);
    }
  }

  /** Make the container match; what it waits for is added to `waiting`. */
  async function follow(desired: Desired, waiting: Waiting[]): Promise<Followed> {
    const rendered = await preparer.prepare(desired);
    if ('on' in rendered) {
      waiting.push(rendered);
      return NOTHING_YET;
    }
    digests = { desired: rendered.digests.desired, files: rendered.digests.files };
    const unwritten = parts.files?.apply(desired, rendered) ?? new Map<SiteId, string>();
    for (const [site, message] of unwritten) {
      waiting.push({ on: 'disk', message: `${site}: ${message}` }, { on: 'vassal', site, message: 'its files cannot be written' });
    }
    parts.routing.apply(rendered, desired.generation);
    const result = await parts.vassals?.pass(desired, rendered, unwritten);
    for (const { site, reason } of result?.failed ?? []) preparer.holdBack(desired, site, reason);
    parts.gone?.follow(desired);
    waiting.push(...(result?.waiting ?? []));
    // Last, since nginx reloads meanwhile.
    const unproved = await parts.routing.prove();
    if (unproved) waiting.unshift(unproved);
    else served = { epoch: desired.epoch, generation: desired.generation };
    settle(desired, unproved === null);
    book.save();
    return result ? { ...result, pending: result.pending || result.failed.length > 0 } : NOTHING_YET;
  }

  async function pass(): Promise<ReconcileResult> {
    const unread = await reader.refresh((taken) => preparer.remember(taken));
    const waiting: Waiting[] = unread ? [unread] : [];
    let drift: Drift[] = [];
    let { counts, pending, failing } = NOTHING_YET;
    const desired = reader.current();
    let broken: string | null = null;
    if (desired) {
      try {
        drift = mend(desired);
        ({ counts, pending, failing } = await follow(desired, waiting));
        drift.push(...changedMeanwhile());
      } catch (error) {
        waiting.push({ on: 'disk', message: messageOf(error) });
        if (messageOf(error) !== brokeOff) log.warn('the pass broke off', { was: brokeOff, stack: (error as Error).stack });
        broken = messageOf(error);
      }
    }
    brokeOff = broken;
    drift.push(...logged(parts.routing.foundAtSwitch()));
    const converged = desired !== null && reader.hasRead() && waiting.length === 0;
    if (converged && !pending) parts.applied.note(digests.files);
    // Shown, and nothing waits for it.
    const unfolded = parts.folding.trouble();
    const record: ContainerRecord = {
      ...served, state: parts.state(converged), digests, waitingOn: [...waiting, ...failing, ...(unfolded ? [unfolded] : [])],
      quarantined: desired ? quarantinedOf(book, desired) : [], drift, vassals: counts,
    };
    const again = waiting.some(({ on }) => on === 'nginx' || on === 'emperor' || on === 'disk') ? RETRY_MS : null;
    return { record, isPassing: parts.routing.isGathering(), againInMs: reader.hasTried() ? (pending ? SOON_MS : again) : 0 };
  }

  return { pass, mendNext: () => { mendedAt = Number.NEGATIVE_INFINITY; } };
}
