import { isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { ContainerActivities } from '../../../activities/container/index.ts';
import type { Judged, OfIncarnation } from '../../../activities/platform/integrity.ts';
import { fromFailure } from '../failure.ts';
import { containerQueue } from '../names.ts';
import { platform } from './activities.ts';

/** Activities inside one container: its agent takes them within 10 s, or it is not there. */
export function inside({ container, incarnation }: OfIncarnation, maximumAttempts = 2) {
  return proxyActivities<ContainerActivities>({
    taskQueue: containerQueue(container, incarnation),
    scheduleToStartTimeout: '10s',
    startToCloseTimeout: '20s',
    retry: { maximumAttempts, initialInterval: '500ms' },
  });
}

/** A change that is under way, or a vassal that comes up: looked at again so often, each time after this. */
const LOOKS = 4;
const LOOK_AGAIN = '2s';

/**
 * Compare one container with Postgres. An unknown for a change under way is asked again; one that does not answer is not.
 * @param mended whether it has been mended just before: what differs still was not helped by that
 */
export async function compareContainer(of: OfIncarnation, mended: boolean, settled: (judged: Judged) => boolean): Promise<Judged> {
  let judged: Judged = { verdict: 'unknown', reason: null, drifted: 0 };
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(LOOK_AGAIN, { summary: 'look again' });
    try {
      judged = await platform.judgeFiles({ ...of, mended, described: await inside(of, 1).describeFiles() });
    } catch (error) {
      if (isCancellation(error)) throw error;
      const reason = fromFailure(error).message;
      await platform.recordUnanswered({ ...of, reason });
      return { verdict: 'unknown', reason, drifted: 0 };
    }
    if (settled(judged)) break;
  }
  return judged;
}

/** Compare one edge with Postgres. It mends its files itself, within a minute, as a container's agent does. */
export async function checkEdge(of: OfIncarnation): Promise<Mended> {
  let found = await platform.judgeEdge(of);
  for (let look = 1; look < LOOKS && found.verdict === 'unknown'; look++) {
    await sleep(LOOK_AGAIN, { summary: 'look again' });
    found = await platform.judgeEdge(of);
  }
  return { found, after: null };
}

export interface Mended {
  readonly found: Judged;
  /** After mending; null where there was nothing to mend. */
  readonly after: Judged | null;
}

/** Compare, mend what differs, and compare again. */
export async function checkContainer(of: OfIncarnation): Promise<Mended> {
  const found = await compareContainer(of, false, ({ verdict }) => verdict !== 'unknown');
  if (found.verdict !== 'drift') return { found, after: null };
  const mended = await inside(of).mendNow().then(() => true, (error) => {
    // It is compared again all the same: that says whether it helped.
    if (isCancellation(error)) throw error;
    return false;
  });
  return { found, after: await compareContainer(of, mended, ({ verdict }) => verdict === 'same') };
}
