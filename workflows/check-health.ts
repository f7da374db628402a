import { isCancellation, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { ContainerActivities, SweepSummary } from '../activities/container/index.ts';
import { slotOf } from '../src/domain/health-settings.ts';
import { fromFailure } from '../src/temporal/failure.ts';
import { containerQueue } from '../src/temporal/names.ts';
import { platform } from '../src/temporal/workflow/activities.ts';

export interface HealthCheckResult {
  /** ms. */
  readonly slot: number;
  readonly swept: readonly (SweepSummary & { readonly container: string; readonly incarnation: number })[];
  /** Containers whose agent did not answer, and why. */
  readonly unreached: readonly { readonly container: string; readonly incarnation: number; readonly why: string }[];
}

/** A sweep in each container, by its own agent, for this slot. What an agent stores is what counts: this only asks. */
export async function checkHealth({ intervalSeconds }: { intervalSeconds: number }): Promise<HealthCheckResult> {
  const slot = slotOf(Date.now(), { intervalSeconds });
  const swept: HealthCheckResult['swept'][number][] = [];
  const unreached: HealthCheckResult['unreached'][number][] = [];
  await Promise.all((await platform.planSweep()).map(async ({ container, incarnation }) => {
    const inside = proxyActivities<ContainerActivities>({
      taskQueue: containerQueue(container, incarnation),
      // Without an agent nobody takes it; the next slot asks again, so nothing is tried twice.
      scheduleToStartTimeout: '10s',
      startToCloseTimeout: '2m',
      retry: { maximumAttempts: 1 },
      summary: `sweep in ${container}`,
    });
    try {
      swept.push({ container, incarnation, ...await inside.sweep({ slot }) });
    } catch (error) {
      if (isCancellation(error)) throw error;
      unreached.push({ container, incarnation, why: fromFailure(error).message });
    }
  }));
  const byContainer = (a: { container: string }, b: { container: string }) => (a.container < b.container ? -1 : 1);
  const result = { slot, swept: swept.sort(byContainer), unreached: unreached.sort(byContainer) };
  setCurrentDetails(details(result));
  return result;
}

function details({ swept, unreached }: HealthCheckResult): string {
  return [
    ...swept.map(({ container, hostnames, counts, ms }) =>
      `- ${container}: ${hostnames} hostnames in ${ms} ms: ${counts.up} up, ${counts.slow} slow, ${counts.down} down, ${counts.unknown} unknown`),
    ...unreached.map(({ container, why }) => `- ${container}: **not reached**: ${why.slice(0, 200)}`),
  ].join('\n').slice(0, 4_000);
}
