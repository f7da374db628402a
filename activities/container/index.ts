/**
 * What workflows may ask of one container. Its queue is named by incarnation, so what an earlier one was asked never
 * arrives here; that this incarnation is not over itself is asked at each call.
 */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Generation } from '../../src/domain/generation.ts';
import { compareGenerations } from '../../src/domain/generation.ts';
import type { Drift, Waiting } from '../../src/domain/observed.ts';
import type { Description } from '../../src/domain/drift.ts';
import type { Desired } from '../../src/domain/desired.ts';
import type { ProbeResult, Prober, ProbeTarget } from '../../src/agent/probe.ts';
import type { Restarted } from '../../src/agent/vassals/restart.ts';
import type { Sweeper, SweepSummary } from '../../src/agent/sweep/index.ts';
import { toFailure } from '../../src/temporal/failure.ts';

export type { Restarted } from '../../src/agent/vassals/restart.ts';
export type { ProbeResult, ProbeTarget } from '../../src/agent/probe.ts';
export type { SweepSummary } from '../../src/agent/sweep/index.ts';

/** The agent as its activities see it. */
export interface Inside {
  readonly incarnation: number;
  /** False when the platform said that this incarnation is over. */
  isCurrent(): boolean;
  desired(): Desired | null;
  reconcile(): Promise<{ served: Generation; waitingOn: readonly Waiting[] }>;
  readonly prober: Prober;
  readonly sweeper: Sweeper;
  /** Compare every file with what was written, mend it, and try what was held back again. */
  mend(): Promise<Generation & { waitingOn: readonly Waiting[]; drift: readonly Drift[] }>;
  describe(): Promise<Description>;
  restart(sites: readonly string[]): Promise<readonly Restarted[]>;
}

/** How often to look whether a generation has arrived; each look reads one row. */
const LOOK_MS = 200;
const WITHIN_MS = 15_000;

export function createContainerActivities(inside: Inside) {
  function refuseStale(): void {
    if (inside.isCurrent()) return;
    throw ApplicationFailure.create({
      type: 'superseded', nonRetryable: true, message: `incarnation ${inside.incarnation} of this container is over`,
    });
  }
  return {
    /** Look now, and until that generation is served or 15 s have passed: what is served then, and what for it waits. */
    async reconcileNow({ epoch, generation }: { epoch?: number; generation: number }): Promise<{ generation: number; waitingOn: readonly Waiting[] }> {
      refuseStale();
      const deadline = Date.now() + WITHIN_MS;
      for (;;) {
        const { served, waitingOn } = await inside.reconcile();
        const reached = compareGenerations(served, { epoch: epoch ?? served.epoch, generation }) >= 0;
        if (reached || Date.now() > deadline) return { generation: served.generation, waitingOn };
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },

    /** What is on disk, what nginx serves and what the emperor runs: digests and ids, never contents. */
    async describeFiles(): Promise<Description> {
      refuseStale();
      return await inside.describe();
    },

    /** Make every file as it should be, from the newest state. What differed is recorded as drift. */
    async mendNow(): Promise<{ generation: number; mended: number; waitingOn: readonly Waiting[] }> {
      refuseStale();
      const { generation, drift, waitingOn } = await inside.mend();
      return { generation, mended: drift.length, waitingOn };
    },

    /** Start anew the vassals of these sites that run and do not answer well; those alone are returned. What died is waited for, up to 15 s. */
    async restartVassals({ sites }: { sites: readonly string[] }): Promise<readonly Restarted[]> {
      refuseStale();
      return await inside.restart(sites);
    },

    /** The sweep of every hostname for that slot (ms): one a slot, whoever asks. `superseded` when the slot is over. */
    async sweep({ slot }: { slot: number }): Promise<SweepSummary> {
      refuseStale();
      try {
        return await inside.sweeper.sweep(slot);
      } catch (error) {
        throw toFailure(error, activityInfo().attempt);
      }
    },

    /** Ask for each hostname of a site inside this container, as its visitors would; deep: Django and its database answer. */
    async probeSite({ site, hostnames }: { site: string; hostnames: readonly ProbeTarget[] }): Promise<ProbeResult[]> {
      refuseStale();
      const desired = inside.desired();
      if (!desired) throw ApplicationFailure.create({ type: 'unavailable', message: 'this container knows no state yet' });
      return await inside.prober.probe(desired, site, hostnames);
    },
  };
}

export type ContainerActivities = ReturnType<typeof createContainerActivities>;
