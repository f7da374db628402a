import type { RunOrder } from '../src/domain/run.ts';
import { failure } from '../src/temporal/failure.ts';
import { certain, lengthy, platform } from '../src/temporal/workflow/activities.ts';
import { endLaunched } from '../src/temporal/workflow/end-launched.ts';
import { probeInside } from '../src/temporal/workflow/inside.ts';
import { unlessSuperseded } from '../src/temporal/workflow/lenient.ts';
import { afterwards, publishing, stopIfCancelled } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';

/**
 * Another container takes this one's place: the new one first. One that does not come up well is removed, and the old one
 * stays; also where that one has started anew by itself before it was told to go.
 */
export async function replaceContainer({ input }: RunOrder<'replaceContainer'>): Promise<Outcome> {
  const { container, incarnation, successor } = input;
  const undo = new Undo();
  await undo.around(async () => {
    undo.add('failReplacement', () => certain.failReplacement(input));
    await platform.takeReplacementSlot(input);

    undo.add('end', () => endLaunched(successor));
    await platform.launch({ container: successor, slot: successor });
    await lengthy.awaitReady({ container: successor });

    const plan = await platform.planSuccessorProbe({ successor });
    const found = await probeInside({ container: successor, incarnation: plan.incarnation }, plan.sites);
    await platform.confirmReplaceable({ ...input, found });
    stopIfCancelled();

    undo.addGate('confirmStays', () => confirmStays(container));
    await publishing(() => certain.drain({ container, incarnation }));
  });

  await afterwards(async () => {
    // One that has started anew since it was told to go is ended by housekeeping.
    await unlessSuperseded(() => certain.end({ container, incarnation }));
    await certain.completeReplacement(input);
  });
  return { successor };
}

/** Before the new one is taken away: nobody takes the old one back once it was told to go, whichever start of it. */
async function confirmStays(container: string): Promise<void> {
  if ((await certain.wantedOf({ container })) === 'running') return;
  throw failure('conflict', `container ${container} was told to go`, { subject: `container:${container}` });
}
