import { isCancellation, proxyActivities } from '@temporalio/workflow';

import type { ContainerActivities } from '../../../activities/container/index.ts';
import { containerQueue } from '../names.ts';
import { platform } from './activities.ts';
import type { ProbeSummary } from './outcome.ts';

/**
 * Ask for each of the site's hostnames inside each container that is ready now. A container whose agent does not take
 * the task within 10 s is named, not waited for.
 * @param broken hostnames that were known to be down before: named, and no container fails for them
 */
export async function probeEverywhere({ site, broken = [] }: { site: string; broken?: readonly string[] }): Promise<ProbeSummary> {
  const { containers, hostnames } = await platform.planProbe({ site });
  const bad: string[] = [];
  const failing = new Set<string>();
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
      for (const result of results.filter(({ ok }) => !ok)) {
        bad.push(`${container} ${result.hostname}: ${result.reason ?? 'not as expected'}`);
        if (!broken.includes(result.hostname)) failing.add(container);
      }
    } catch (error) {
      if (isCancellation(error)) throw error;
      unreachable.push(container);
    }
  }));
  const summary: ProbeSummary = {
    containers: containers.length, hostnames: hostnames.length, bad: bad.sort().slice(0, 50), failing: failing.size, unreachable: unreachable.sort(),
  };
  await platform.reportProbe({ site, summary });
  return summary;
}

/**
 * Whether the release is what is wrong: no container that was asked could answer for every hostname, and one at least
 * was asked. One that answers where another does not is the container's fault, and none asked says nothing.
 */
export function saysBroken({ containers, failing, unreachable }: ProbeSummary): boolean {
  const asked = containers - unreachable.length;
  return asked > 0 && failing === asked;
}
