/** Does the example's runs at once, but those of one site: they stay half done, to be looked at. */
import { claimRun, readRun } from '../../../src/database/run.ts';
import { stepEnded, stepStarted } from '../../../src/database/runs/steps.ts';
import type { Pool } from '../../../src/database/pool.ts';
import { STEPS } from '../../../src/domain/run.ts';
import { createWorker } from '../../cli/worker.ts';

export interface Control {
  startRun(run: string): void;
  /** From now on, runs stay half done. */
  hold(): void;
  /** The newest that stays half done. */
  going(): string;
  /** Resolves once nothing is being worked on. */
  idle(): Promise<void>;
}

export function makeControl(pool: () => Pool): Control {
  const worker = createWorker(pool);
  const working = new Set<Promise<void>>();
  let holds = false;
  let held = '';
  const half = async (run: string) => {
    await claimRun(pool(), run, `temporal-${run}`);
    const steps = STEPS[(await readRun(pool(), run))!.type];
    const ongoing = steps.length >> 1;
    for (const [i, name] of steps.slice(0, ongoing + 1).entries()) {
      await stepStarted(pool(), { run, name, attempt: 1 });
      if (i < ongoing) await stepEnded(pool(), { run, name, attempt: 1, state: 'completed' }, steps);
    }
  };
  return {
    startRun(run) {
      if (!holds) return worker.startRun(run);
      held = run;
      const one = half(run).finally(() => working.delete(one));
      working.add(one);
    },
    hold() { holds = true; },
    going: () => held,
    async idle() {
      await worker.idle();
      await Promise.all(working);
    },
  };
}
