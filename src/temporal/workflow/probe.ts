import { isCancellation, proxyActivities } from '@temporalio/workflow';

import type { ContainerActivities } from '../../../activities/container/index.ts';
import { containerQueue } from '../names.ts';
import { platform } from './activities.ts';
import type { ProbeSummary } from './outcome.ts';

/**
 * Ask for each of the site's hostnames inside each container that is ready now. A container whose agent does not take
 * the task within 10 s is named, not waited for.
 */
export async function probeEverywhere({ site }: { site: string }): Promise<ProbeSummary> {
  const { containers, hostnames } = await platform.planProbe({ site });
  const bad: string[] = [];
  const unreachable: string[] = [];
  await Promise.all(containers.map(async ({ container, incarnation }) => {
    const inside = proxyActivities<ContainerActivities>({
      taskQueue: containerQueue(container, incarnation),
      scheduleToStartTimeout: '10s',
      startToCloseTimeout: '20s',
      // A second try for a connection that a reload cut; an agent that is gone fails at once (schedule to start).
      retry: { maximumAttempts: 2, initialInterval: '500ms' },
      summary: `probe ${hostnames.length} hostnames in ${container}`,
    });
    try {
      const results = await inside.probeSite({ site, hostnames });
      for (const result of results) if (!result.ok) bad.push(`${container} ${result.hostname}: ${result.reason ?? 'not as expected'}`);
    } catch (error) {
      if (isCancellation(error)) throw error;
      unreachable.push(container);
    }
  }));
  const summary: ProbeSummary = {
    containers: containers.length, hostnames: hostnames.length, bad: bad.sort().slice(0, 50), unreachable: unreachable.sort(),
  };
  await platform.reportProbe({ site, summary });
  return summary;
}

/**
 * Whether the release is what is wrong: no container that was asked could answer for every hostname, and one at least
 * was asked. One that answers where another does not is the container's fault, and none asked says nothing.
 */
export function saysBroken({ containers, bad, unreachable }: ProbeSummary): boolean {
  const asked = containers - unreachable.length;
  const failing = new Set(bad.map((line) => line.split(' ')[0])).size;
  return asked > 0 && failing === asked;
}
