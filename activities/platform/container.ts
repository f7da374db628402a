/** Members of the cluster, as steps; each may be repeated. */
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { ClusterDriver } from '../../src/cluster/driver.ts';
import { type ContainerRow, insertContainer, readContainer, recordEnded, wantContainer } from '../../src/cluster/rows.ts';
import { waitForMember } from '../../src/cluster/wait.ts';
import type { Pool } from '../../src/database/pool.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import { READY_WITHIN_MS } from '../../src/domain/member-faults.ts';
import { expectRunning } from '../../src/sites/subject.ts';
import { currentRun } from '../../src/temporal/current-run.ts';

interface OfContainer { readonly container: string }
interface OfIncarnation extends OfContainer { readonly incarnation: number }

/** An agent hears within its lease's renewal, 5 s, that it is to drain; a dead one never does. */
const DRAINING_WITHIN_MS = 15_000;

export function containerActivities({ pool, url, driver }: {
  readonly pool: Pool;
  /** The platform's database, to listen on. */
  readonly url: string;
  readonly driver: ClusterDriver;
}) {
  return {
    /** Its row first, then the container: one that runs is always known. */
    async launch({ container, slot }: OfContainer & { readonly slot: string }): Promise<void> {
      await expectRunning(pool, currentRun());
      const role = (await readContainer(pool, container))?.role ?? 'site';
      await insertContainer(pool, { id: container, slot, role, joining: true });
      await driver.launch({ id: container, role }, slot);
    },

    /** @returns the incarnation that became ready */
    async awaitReady({ container }: OfContainer): Promise<{ incarnation: number }> {
      const row = await waitForMember({ pool, url, container, withinMs: READY_WITHIN_MS, signal: cancellationSignal() }, async (now) => {
        heartbeat({ state: now?.state ?? null });
        await refuseHopeless(driver, container, now);
        return now!.state === 'ready' && now!.alive;
      });
      if (row.state === 'ready' && row.alive) return { incarnation: row.incarnation };
      throw new ReeveError('step-failed', `container ${container} is ${row.state} after ${READY_WITHIN_MS / 1000} s`,
        { subject: `container:${container}`, waitingOn: row.waitingOn });
    },

    /** No new visitors: returns when its agent has said so, or cannot. */
    async drain({ container, incarnation }: OfIncarnation): Promise<void> {
      await wantContainer(pool, { id: container, incarnation }, 'drained');
      await driver.drain({ id: container, incarnation });
      await waitForMember({ pool, url, container, withinMs: DRAINING_WITHIN_MS, signal: cancellationSignal() },
        async (now) => !now?.alive || now.incarnation !== incarnation || now.state === 'draining' || now.state === 'ended');
    },

    /** It serves out what it has, and nothing of it is left. */
    async end({ container, incarnation }: OfIncarnation): Promise<void> {
      await wantContainer(pool, { id: container, incarnation }, 'ended');
      await driver.end({ id: container, incarnation });
      await recordEnded(pool, { id: container, incarnation });
    },
  };
}

/** @throws ReeveError when waiting is of no use: it is not wanted any more, or its supervisor has died */
async function refuseHopeless(driver: ClusterDriver, container: string, row: ContainerRow | null): Promise<void> {
  const subject = `container:${container}`;
  if (row?.wanted !== 'running') {
    throw new ReeveError('superseded', `container ${container} is ${row ? `wanted ${row.wanted}` : 'gone'}`, { subject });
  }
  if (row.state === 'ready' && row.alive) return;
  const info = await driver.inspect(container);
  if (info?.running) return;
  const said = info?.lastLines ?? [];
  throw new ReeveError('step-failed', [`container ${container} does not run`, ...said].join('\n'), { subject, lastLines: said });
}
