import type { Command } from 'commander';
import type { ContainerDrift, IntegrityReport } from '../domain/resources/drift.ts';
import { act, type Context, talks, waits } from './context.ts';
import { newKey } from './key.ts';
import { table } from './output/table.ts';
import { age } from './output/time.ts';
import { noteMore } from './pages.ts';
import type { Container } from './resources.ts';
import { awaitRun, printOutcome } from './run/accepted.ts';
import { parseCount } from './values.ts';

/** `reeve container drift|check|regenerate`. */
export function addContainerDrift(container: Command): void {
  talks(container.command('drift').description('files and processes that are not as they should be: now, and before (exit code 9 when any are)'))
    .argument('<container>', 'its id')
    .option('--limit <count>', 'how many of those before, 200 at most', parseCount, 50)
    .addHelpText('after', '\nExample:\n  reeve container drift c012345678')
    .action(act<[string], { limit: number }>(async (context, id, { limit }) => {
      // One page: each asks the container anew.
      const found = await context.api.request<ContainerDrift>('GET', `/containers/${encodeURIComponent(id)}/drift`, { query: { limit } });
      exitBy(found.now);
      if (context.terminal.json) return context.terminal.printJson(found);
      printReport(context, found.now);
      printHistory(context, found);
      noteMore(context, found, '--limit');
    }));

  talks(container.command('check').description('compare a container with what Postgres says, now, and record what differs (exit code 9)'))
    .argument('<container>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve container check c012345678')
    .action(act<[string]>(async (context, id) => {
      const report = await context.api.request<IntegrityReport>('POST', `/containers/${encodeURIComponent(id)}/check`);
      exitBy(report);
      if (context.terminal.json) return context.terminal.printJson(report);
      printReport(context, report);
    }));

  waits(container.command('regenerate').description('make a container’s files anew from the newest state, and prove them'))
    .argument('<container>', 'its id')
    .option('--reason <text>', 'why, for the audit')
    .addHelpText('after', '\nExample:\n  reeve container regenerate c012345678')
    .action(act<[string], { reason?: string }>(async (context, id, { reason }) => {
      const path = `/containers/${encodeURIComponent(id)}`;
      const answer = await context.api.exchange<Container>('POST', `${path}/regenerate`, { body: { reason }, idempotencyKey: newKey() });
      const run = await awaitRun(context, answer, answer.body.id);
      if (context.terminal.json) return printOutcome(context, answer, run, () => context.api.request<Container>('GET', path));
      if (run) context.terminal.note(`${answer.body.id} is as it should be`);
    }));
}

function exitBy({ verdict }: IntegrityReport): void {
  if (verdict === 'drift') process.exitCode = 9;
  if (verdict === 'unknown') process.exitCode = 7;
}

function printReport({ terminal }: Context, { container, verdict, reason, files, leftOut, drift }: IntegrityReport): void {
  if (verdict === 'unknown') {
    terminal.print(`${terminal.paint('yellow', '● unknown')}: ${reason}`);
    return;
  }
  const without = leftOut > 0 ? `, without ${leftOut} sites that are on their way or quarantined` : '';
  if (verdict === 'same') {
    terminal.print(`${terminal.paint('green', '●')} ${container} is as it should be (${files} files${without})`);
    return;
  }
  terminal.print(`${terminal.paint('red', '●')} ${container}: ${drift.length} not as they should be${without}`);
  for (const each of drift) {
    terminal.print(`\n${terminal.paint('bold', each.kind)} ${each.path}`);
    if (each.diff !== null) terminal.print(each.diff.trimEnd().split('\n').map((line) => paintLine(terminal, line)).join('\n'));
  }
}

function paintLine(terminal: Context['terminal'], line: string): string {
  if (line.startsWith('+')) return terminal.paint('green', line);
  return line.startsWith('-') ? terminal.paint('red', line) : line;
}

function printHistory({ terminal }: Context, { items }: ContainerDrift): void {
  if (items.length === 0) return;
  terminal.print(`\n${table(items, [
    { title: 'found', cell: (each) => `${age(each.foundAt)} ago`, right: true },
    { title: 'kind', cell: (each) => each.kind },
    { title: 'mended', cell: (each) => (each.mendedAt ? `${age(each.mendedAt)} ago` : 'not yet'), right: true },
    { title: 'by', cell: (each) => each.foundBy },
    { title: 'path', cell: (each) => each.path },
  ])}`);
}
