import type { RunOrder } from '../src/domain/run.ts';
import { certain } from '../src/temporal/workflow/activities.ts';
import { publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';

/** A member leaves: it takes no new visitors, serves out those it has, and ends. */
export async function drainContainer({ input: { container, incarnation } }: RunOrder<'drainContainer'>): Promise<Outcome> {
  await publishing(async () => {
    await certain.drain({ container, incarnation });
    await certain.end({ container, incarnation });
  });
  return {};
}
