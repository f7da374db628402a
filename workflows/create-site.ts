import type { RunOrder } from '../src/domain/run.ts';
import { certain, lengthy, platform, STARTS_CODE } from '../src/temporal/workflow/activities.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { probeEverywhere } from '../src/temporal/workflow/probe.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';

/**
 * A site with its platform hostname, whose rows the request made (`creating`, `reserved`). Up to publishing, a failure
 * or cancellation leaves nothing; further hostnames are runs of their own, requested at the end.
 */
export async function createSite({ input: { site, hostname, further } }: RunOrder<'createSite'>): Promise<Outcome> {
  const undo = new Undo();
  await undo.around(async () => {
    undo.add('forgetSite', () => certain.forgetSite({ site }));

    undo.add('dropRole', () => certain.dropRole({ site }));
    await platform.createRole({ site });

    undo.add('dropDatabase', () => certain.dropDatabase({ site }));
    await platform.createDatabase({ site });

    undo.add('dropStore', () => certain.dropStore({ site }));
    await platform.createStore({ site });

    await lengthy.runCreatedHook({ site });

    // Should publishing have worked though it seemed to fail, nothing of the site may be dropped.
    undo.addGate('confirmUnpublished', () => certain.confirmUnpublished({ site }));
    await publishing(() => certain.publishSite({ site, hostname }));
  });

  return await afterwards(async () => {
    const { notConverged } = await platform.converge({ site, ...STARTS_CODE });
    const probes = await probeEverywhere({ site });
    await platform.activate({ site });
    return {
      notConverged,
      probes,
      next: further.map((each) => ({ type: 'bindHostname' as const, input: { site, ...each } })),
    };
  });
}
