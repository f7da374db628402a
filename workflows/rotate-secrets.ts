import type { RunOrder } from '../src/domain/run.ts';
import { certain, platform, STARTS_CODE } from '../src/temporal/workflow/activities.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { probeEverywhere } from '../src/temporal/workflow/probe.ts';
import { retireSecrets } from '../src/temporal/workflow/secrets.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';

/**
 * Another database password and other keys for a site. Both versions are let in until every container that may use the
 * former one has the new one: who holds that back is named, and the control worker retires it later.
 */
export async function rotateSecrets({ input: { site } }: RunOrder<'rotateSecrets'>): Promise<Outcome> {
  const { from, settleMs } = await platform.confirmRotatable({ site });

  const undo = new Undo();
  await undo.around(async () => {
    // Going back asks the row what was published: no gate is needed.
    undo.add('shutOutOfDatabase', () => certain.shutOutOfDatabase({ site }));
    await platform.letIntoDatabase({ site, from });

    undo.add('shutOutOfStore', () => certain.shutOutOfStore({ site }));
    await platform.letIntoStore({ site, from });

    await publishing(() => certain.publishSecrets({ site, from }));
  });

  return await afterwards(async () => {
    const { notConverged } = await platform.converge({ site, ...STARTS_CODE });
    const probes = await probeEverywhere({ site });
    const { heldBack } = await retireSecrets({ site, settleMs });
    return { notConverged, probes, heldBack };
  });
}
