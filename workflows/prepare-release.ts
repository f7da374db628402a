import type { RunOrder } from '../src/domain/run.ts';
import { certain, lengthy } from '../src/temporal/workflow/activities.ts';
import { publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';

/** A codebase becomes a release: installed, tried, with a template database that sites are cloned from. */
export async function prepareRelease({ input: { release } }: RunOrder<'prepareRelease'>): Promise<Outcome> {
  const undo = new Undo();
  await undo.around(async () => {
    undo.add('markFailed', () => certain.markFailed({ release }));

    undo.add('dropRelease', () => certain.dropRelease({ release }));
    await lengthy.installRelease({ release });
    await lengthy.prepareTemplate({ release });

    undo.addGate('confirmUnready', () => certain.confirmUnready({ release }));
    await publishing(() => certain.markReady({ release }));
  });
  return {};
}
