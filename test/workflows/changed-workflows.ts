/** A version of a workflow that forgets a step, as an incompatible change would. */
import type { RunOrder } from '../../src/domain/run.ts';
import { certain } from '../../src/temporal/workflow/activities.ts';
import { publishing } from '../../src/temporal/workflow/operator.ts';

export async function suspendSite({ input: { site } }: RunOrder<'suspendSite'>): Promise<object> {
  await publishing(() => certain.publishSuspension({ site }));
  return {};
}
