import { type Command, Option } from 'commander';
import { act, type CommonOptions, type Context, talks, waits } from '../context.ts';
import { newKey } from '../key.ts';
import { fields, table } from '../output/table.ts';
import type { Style } from '../output/terminal.ts';
import { age, duration } from '../output/time.ts';
import { noteMore, readAll, readFirst } from '../pages.ts';
import type { Run } from '../resources.ts';
import { parseCount } from '../values.ts';
import { isOver, requireCompleted, watchRun } from './watch.ts';

/** `reeve run list|show|watch|cancel|retry`. */
export function addRun(program: Command): void {
  const run = program.command('run').alias('runs').description('work that takes time: look at it, stop it, try it again');
  addReading(run);
  addActing(run);
}

function addReading(run: Command): void {
  talks(run.command('list').alias('ls').description('list the newest runs'))
    .option('--limit <count>', 'how many', parseCount, 20)
    .option('--all', 'every one that is kept')
    .addOption(new Option('--state <state>', 'only those in this state')
      .choices(['open', 'requested', 'running', 'completed', 'failed', 'cancelled', 'compensated', 'superseded']))
    .addHelpText('after', '\nExamples:\n  reeve run list\n  reeve run list --state failed --json')
    .action(act<[], CommonOptions & { limit: number; all?: boolean; state?: string }>(async (context, { limit, all, state }) => {
      const page = all
        ? await readAll<Run>(context.api, '/runs', { state })
        : await readFirst<Run>(context.api, '/runs', limit, { state });
      if (context.terminal.json) return context.terminal.printJson(page);
      printRuns(context, page.items);
      noteMore(context, page, '--limit, or --all');
    }));

  talks(run.command('show').description('show a run and its steps'))
    .argument('<run>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve run show w012345678')
    .action(act<[string]>(async (context, id) => {
      const found = await readRun(context, id);
      if (context.terminal.json) return context.terminal.printJson(found);
      printRun(context, found);
    }));

  waits(run.command('watch').description('stay with a run until it has ended; the exit code says how'))
    .argument('<run>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve run watch w012345678 --timeout 5m')
    .action(act<[string]>(async (context, id) => {
      const what = subjectName((await readRun(context, id)).subject);
      const ended = await watchRun(context, id, what);
      if (context.terminal.json) context.terminal.printJson(ended);
      requireCompleted(ended, what);
    }));
}

function addActing(run: Command): void {
  waits(run.command('cancel').description('stop a run; what it made before publishing is undone'))
    .argument('<run>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve run cancel w012345678')
    .action(act<[string]>(async (context, id) => {
      const asked = await context.api.request<Run>('POST', `/runs/${encodeURIComponent(id)}/cancel`, { idempotencyKey: newKey() });
      const what = subjectName(asked.subject);
      const ended = context.wait && !isOver(asked) ? await watchRun(context, id, what) : asked;
      if (context.terminal.json) context.terminal.printJson(ended);
      else context.terminal.note(`${ended.type} ${what}: ${ended.state}`);
    }));

  waits(run.command('retry').description('do a run that failed again, as a new run'))
    .argument('<run>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve run retry w012345678')
    .action(act<[string]>(async (context, id) => {
      const again = await context.api.request<Run>('POST', `/runs/${encodeURIComponent(id)}/retry`, { idempotencyKey: newKey() });
      const what = subjectName(again.subject);
      if (!context.wait) context.terminal.note(`accepted as run ${again.id}; watch it with: reeve run watch ${again.id}`);
      const ended = context.wait ? await watchRun(context, again.id, what) : again;
      if (context.terminal.json) context.terminal.printJson(ended);
      if (context.wait) requireCompleted(ended, what);
    }));
}

async function readRun(context: Context, id: string): Promise<Run> {
  return await context.api.request<Run>('GET', `/runs/${encodeURIComponent(id)}`);
}

/** `site:s012345678` → `s012345678`; a hostname's subject → the hostname. */
export function subjectName(subject: string): string {
  return subject.replace(/^[a-z]+:/, '');
}

const STYLES: Record<string, Style> = {
  completed: 'green', failed: 'red', compensated: 'red', cancelled: 'yellow', superseded: 'yellow', running: 'cyan', requested: 'dim',
};

/** The table of `reeve run list`, which `reeve status` shows too. */
export function printRuns(context: Context, runs: readonly Run[]): void {
  const { terminal } = context;
  if (runs.length === 0) {
    terminal.note('no runs');
    return;
  }
  terminal.print(table(runs, [
    { title: 'run', cell: (each) => each.id },
    { title: 'type', cell: (each) => each.type },
    { title: 'subject', cell: (each) => each.subject },
    { title: 'state', cell: (each) => terminal.paint(STYLES[each.state] ?? 'reset', each.state) },
    { title: '%', cell: (each) => Math.floor(each.progress * 100), right: true },
    { title: 'age', cell: (each) => age(each.requestedAt), right: true },
    { title: 'error', cell: (each) => each.error?.message ?? '' },
  ]));
}

function printRun(context: Context, run: Run): void {
  const { terminal } = context;
  terminal.print(fields([
    ['id', run.id],
    ['type', run.type],
    ['subject', run.subject],
    ['state', terminal.paint(STYLES[run.state] ?? 'reset', run.state)],
    ['progress', `${Math.floor(run.progress * 100)} %`],
    ['age', age(run.requestedAt)],
    ['error', run.error ? `${run.error.type}: ${run.error.message}` : null],
    ['history', run.temporalUrl],
  ]));
  if (run.steps.length === 0) return;
  terminal.print(`\n${table(run.steps, [
    { title: 'step', cell: (step) => step.name },
    { title: 'state', cell: (step) => terminal.paint(STYLES[step.state] ?? 'reset', step.state) },
    { title: 'took', cell: (step) => (step.endedAt ? duration(Date.parse(step.endedAt) - Date.parse(step.startedAt)) : ''), right: true },
    { title: 'message', cell: (step) => step.message },
  ])}`);
}
