import type { RunOrder } from '../src/domain/run.ts';
import { failure } from '../src/temporal/failure.ts';
import { platform } from '../src/temporal/workflow/activities.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { compareContainer, inside } from '../src/temporal/workflow/integrity.ts';

/** Make a container's files anew from the newest state, and prove that they are as they should be. */
export async function regenerateContainer({ input }: RunOrder<'regenerateContainer'>): Promise<Outcome> {
  await platform.planRegeneration(input);
  const { mended } = await inside(input).mendNow();
  await platform.reportRegeneration({ ...input, mended });

  const after = await compareContainer(input, true, ({ verdict }) => verdict === 'same');
  if (after.verdict === 'drift') throw failure('step-failed', `${after.drifted} files or processes are still not as they should be`);
  return { mended, verdict: after.verdict, ...(after.reason === null ? {} : { reason: after.reason }) };
}
