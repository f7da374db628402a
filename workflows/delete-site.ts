import type { RunOrder } from '../src/domain/run.ts';
import { certain, platform } from '../src/temporal/workflow/activities.ts';
import { unlessMissing } from '../src/temporal/workflow/lenient.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';

/**
 * Nothing of the site is served any more; its database and store are put aside, its hostnames stay reserved, and it can
 * be restored for seven days. Its request has published that: there is nothing to cancel.
 */
export async function deleteSite({ input: { site } }: RunOrder<'deleteSite'>): Promise<Outcome> {
  await publishing(() => certain.unpublishSite({ site }));

  return await afterwards(async () => {
    const { notConverged } = await platform.converge({ site });
    // A site whose creation was cut off may lack either.
    await unlessMissing(() => certain.lockDatabase({ site }));
    await unlessMissing(() => certain.lockStore({ site }));
    return { notConverged };
  });
}
