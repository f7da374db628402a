import type { Command } from 'commander';
import { act, type CommonOptions, type Context, talks } from './context.ts';
import { table } from './output/table.ts';
import { age } from './output/time.ts';
import { readAll } from './pages.ts';
import type { Health } from './resources.ts';

const PAINTS = { up: 'green', slow: 'yellow', down: 'red', unknown: 'gray' } as const;

interface Options extends CommonOptions {
  readonly site?: string;
  readonly container?: string;
  readonly verdict?: string;
}

/** `reeve health`: hostnames down, containers across. */
export function addHealth(program: Command): void {
  talks(program.command('health').description('each hostname in each container, as probes saw it last'))
    .option('--site <site>', 'only those of a site, by its id or name')
    .option('--container <container>', 'only in this one')
    .option('--verdict <verdict>', 'only those that are up, slow, down or unknown')
    .addHelpText('after', '\nExamples:\n  reeve health\n  reeve health --verdict down\n  reeve health --site gamma --json')
    .action(act<[], Options>(async (context, { site, container, verdict }) => {
      const page = await readAll<Health>(context.api, '/health', { site, container, verdict });
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('nothing was probed that fits');
      printMatrix(context, page.items);
    }));
}

function printMatrix(context: Context, items: readonly Health[]): void {
  const { terminal } = context;
  const containers = [...new Set(items.map(({ container }) => container))].sort();
  const hostnames = [...Map.groupBy(items, ({ hostname }) => hostname)];
  terminal.print(table(hostnames, [
    { title: 'hostname', cell: ([hostname]) => hostname },
    ...containers.map((container) => ({
      title: container,
      verbatim: true,
      cell: ([, row]: (typeof hostnames)[number]) => {
        const one = row.find((each) => each.container === container);
        return one && terminal.paint(PAINTS[one.verdict], latencyOf(one));
      },
    })),
  ]));
  const unwell = items.filter(({ verdict }) => verdict !== 'up');
  if (unwell.length === 0) return;
  terminal.print(`\n${table(unwell, [
    { title: 'not well', cell: (each) => each.hostname },
    { title: 'container', cell: (each) => each.container },
    { title: 'verdict', cell: (each) => each.verdict },
    { title: 'for', cell: (each) => age(each.since), right: true },
    { title: 'why', cell: (each) => each.reason ?? (each.latencyMs === null ? null : `${Math.round(each.latencyMs)} ms`) },
  ])}`);
}

/** Of those that are well, what the last probe that said something new took. */
function latencyOf({ verdict, latencyMs }: Health): string {
  return verdict === 'up' && latencyMs !== null ? `up ${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms` : verdict;
}
