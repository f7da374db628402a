import type { RunOrder } from '../src/domain/run.ts';
import { certain } from '../src/temporal/workflow/activities.ts';
import { publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';

/** Everything of a deleted site, or of one whose creation was cut off, for good. Nothing here can be taken back. */
export async function purgeSite({ input: { site } }: RunOrder<'purgeSite'>): Promise<Outcome> {
  await publishing(async () => {
    await certain.confirmPurgeable({ site });
    await certain.dropDatabase({ site });
    await certain.dropRole({ site });
    await certain.dropStore({ site });
    // Last: while its row is there, whatever was left half way is found and purged again.
    await certain.forgetSite({ site });
  });
  return {};
}
