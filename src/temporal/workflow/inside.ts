import type { Duration } from '@temporalio/common';
import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { ContainerActivities, ProbeTarget, Restarted } from '../../../activities/container/index.ts';
import { containerQueue } from '../names.ts';

/** What was found by asking inside one container. */
export interface Found {
  /** False when its agent did not take the task, or died with it. */
  readonly reached: boolean;
  /** `hostname: why`, at most 20. */
  readonly bad: readonly string[];
  /** The sites that these hostnames are of. */
  readonly sites: readonly string[];
}

export interface Incarnation { readonly container: string; readonly incarnation: number }

const activitiesOf = ({ container, incarnation }: Incarnation, summary: string, startToCloseTimeout: Duration = '30s') => proxyActivities<ContainerActivities>({
  taskQueue: containerQueue(container, incarnation),
  // Schedule-to-start tells that nobody polls: the agent is gone.
  scheduleToStartTimeout: '10s', startToCloseTimeout, retry: { maximumAttempts: 2, initialInterval: '500ms' }, summary,
});

/** Ask for hostnames of some sites inside one container. A site that hangs is an answer (`bad`), not a silent agent. */
export async function probeInside(
  at: Incarnation, sites: readonly { readonly site: string; readonly hostnames: readonly ProbeTarget[] }[],
): Promise<Found> {
  const inside = activitiesOf(at, `probe ${sites.length} sites in ${at.container}`);
  const bad: string[] = [];
  const badSites: string[] = [];
  const found = (reached: boolean): Found => ({ reached, bad: bad.slice(0, 20), sites: badSites });
  try {
    for (const { site, hostnames } of sites) {
      const answers = (await inside.probeSite({ site, hostnames })).filter(({ ok }) => !ok);
      if (answers.length > 0) badSites.push(site);
      bad.push(...answers.map(({ hostname, reason }) => `${hostname}: ${reason ?? 'not as expected'}`));
    }
  } catch (error) {
    if (isCancellation(error)) throw error;
    return found(false);
  }
  return found(true);
}

/** Have every file made as it should be, from the newest state. False when its agent did not answer, or could not. */
export async function regenerateInside(at: Incarnation): Promise<boolean> {
  try {
    await activitiesOf(at, `regenerate ${at.container}`).mendNow();
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}

/** Have the vassals of these sites started anew that run and do not answer well. None when its agent could not. */
export async function restartInside(at: Incarnation, sites: readonly string[]): Promise<readonly Restarted[]> {
  if (sites.length === 0) return [];
  try {
    // A vassal may hang for 10 s, and take 30 s to be well, and so on with the next.
    return await activitiesOf(at, `restart vassals in ${at.container}`, '4m').restartVassals({ sites });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return [];
  }
}
