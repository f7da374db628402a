import type { RunOrder } from '../src/domain/run.ts';
import { certain, platform } from '../src/temporal/workflow/activities.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';

/** A hostname is not served any more, and free. */
export async function unbindHostname({ input: { site, hostname } }: RunOrder<'unbindHostname'>): Promise<Outcome> {
  await publishing(() => certain.unpublishHostname({ site, hostname }));

  return await afterwards(async () => {
    const { notConverged } = await platform.converge({ site });
    return { notConverged };
  });
}
