import type { RunOrder } from '../src/domain/run.ts';
import { certain, platform, STARTS_CODE } from '../src/temporal/workflow/activities.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { probeEverywhere } from '../src/temporal/workflow/probe.ts';

/** Visitors get the site again. */
export async function resumeSite({ input: { site } }: RunOrder<'resumeSite'>): Promise<Outcome> {
  await publishing(() => certain.publishResumption({ site }));

  return await afterwards(async () => {
    const { notConverged } = await platform.converge({ site, ...STARTS_CODE });
    const probes = await probeEverywhere({ site });
    return { notConverged, probes };
  });
}
