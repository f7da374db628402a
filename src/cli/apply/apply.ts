import { isReeveError, ReeveError } from '../../domain/errors.ts';
import { confirmName } from '../confirm.ts';
import type { Context } from '../context.ts';
import type { Run } from '../resources.ts';
import { readActual } from './actual.ts';
import { drawStep, isDestructive, shownPlan } from './draw.ts';
import { type Execution, executeStep } from './execute.ts';
import { readPlatformFile } from './file.ts';
import type { ApplyOptions } from './index.ts';
import type { Plan } from './model.ts';
import { planApply } from './plan.ts';

/**
 * Reads the file, plans, shows the plan, and does it.
 * @throws ReeveError of the file, of what cannot be had as things are, or of the step that failed
 */
export async function apply(context: Context, options: ApplyOptions): Promise<void> {
  const file = await readPlatformFile(options.file);
  const { actual, ids } = await readActual(context.api, file.wanted);
  const plan = planApply(file.wanted, actual, options);
  if (options.dryRun && context.terminal.json) context.terminal.printJson(shownPlan(plan));
  if (!context.terminal.json) printPlan(context, plan);
  if (plan.problems.length > 0) {
    throw new ReeveError('conflict', `${options.file} cannot be applied as things are`,
      { errors: plan.problems.map((message) => ({ path: '', message })) });
  }
  // A value that is missing stops it here, not half way.
  for (const step of plan.steps) {
    const names = step.kind === 'setEnv' ? step.names : step.kind === 'createSite' ? step.env ?? [] : [];
    for (const name of names) file.envValue((step as { site: string }).site, name);
  }
  if (options.dryRun) return;
  const taken = plan.steps.filter(isDestructive).map((step) => drawStep(step).text);
  if (taken.length > 0) await confirmName(context, options, `take away ${taken.join(', ')}`, 'apply');
  const runs = await execute(plan, { context, ids, envValue: file.envValue });
  if (context.terminal.json) context.terminal.printJson({ ...shownPlan(plan), runs });
}

function printPlan(context: Context, plan: Plan): void {
  const { terminal } = context;
  if (plan.steps.length === 0 && plan.problems.length === 0) {
    terminal.note('nothing to do: all is as the file says');
    return;
  }
  for (const step of plan.steps) {
    const { sign, style, text } = drawStep(step);
    terminal.print(`${terminal.paint(style, sign)} ${text}`);
  }
}

async function execute(plan: Plan, execution: Execution): Promise<Run[]> {
  const runs: Run[] = [];
  for (const [i, step] of plan.steps.entries()) {
    try {
      const run = await executeStep(step, execution);
      if (run) runs.push(run);
      else execution.context.terminal.note(`${drawStep(step).text}: done`);
    } catch (error) {
      if (!isReeveError(error)) throw error;
      const rest = plan.steps.length - i - 1;
      const more = rest > 0 ? `; the ${rest} after it were not tried: apply again to go on` : '';
      throw new ReeveError(error.type, `step ${i + 1} of ${plan.steps.length} (${drawStep(step).text}): ${error.message}${more}`, error.fields, error);
    }
  }
  return runs;
}
