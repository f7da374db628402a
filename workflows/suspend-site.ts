import type { RunOrder } from '../src/domain/run.ts';
import { certain, platform } from '../src/temporal/workflow/activities.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { probeEverywhere } from '../src/temporal/workflow/probe.ts';

/** Visitors get the maintenance page. */
export async function suspendSite({ input: { site } }: RunOrder<'suspendSite'>): Promise<Outcome> {
  await publishing(() => certain.publishSuspension({ site }));

  return await afterwards(async () => {
    const { notConverged } = await platform.converge({ site });
    const probes = await probeEverywhere({ site });
    return { notConverged, probes };
  });
}
