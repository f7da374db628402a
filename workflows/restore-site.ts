import type { RunOrder } from '../src/domain/run.ts';
import { certain, platform, STARTS_CODE } from '../src/temporal/workflow/activities.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { probeEverywhere } from '../src/temporal/workflow/probe.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';

/** A deleted site as it was before: live, or suspended. */
export async function restoreSite({ input: { site } }: RunOrder<'restoreSite'>): Promise<Outcome> {
  const undo = new Undo();
  await undo.around(async () => {
    await platform.confirmRestorable({ site });

    undo.add('lockStore', () => certain.lockStore({ site }));
    await platform.unlockStore({ site });

    undo.add('lockDatabase', () => certain.lockDatabase({ site }));
    await platform.unlockDatabase({ site });

    undo.addGate('confirmDeleted', () => certain.confirmDeleted({ site }));
    await publishing(() => certain.republishSite({ site }));
  });

  return await afterwards(async () => {
    const { notConverged } = await platform.converge({ site, ...STARTS_CODE });
    const probes = await probeEverywhere({ site });
    await platform.activate({ site });
    return { notConverged, probes };
  });
}
