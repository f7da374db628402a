import { patched } from '@temporalio/workflow';
import type { RunOrder } from '../src/domain/run.ts';
import { lengthy, platform } from '../src/temporal/workflow/activities.ts';
import { endLaunched } from '../src/temporal/workflow/end-launched.ts';
import { probeInside } from '../src/temporal/workflow/inside.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';

/** One more member of the cluster: visitors are sent to it once it probes well. One that does not get there is taken away again. */
export async function launchContainer({ input: { container, slot } }: RunOrder<'launchContainer'>): Promise<Outcome> {
  const undo = new Undo();
  await undo.around(async () => {
    undo.add('end', () => endLaunched(container));
    await platform.launch({ container, slot });
    await lengthy.awaitReady({ container });
    if (!patched('admitted')) return;
    const plan = await platform.planJoiningProbe({ container });
    const found = await probeInside({ container, incarnation: plan.incarnation }, plan.sites);
    await platform.admit({ container, found });
  });
  return {};
}
