import type { Command } from 'commander';
import { act, type CommonOptions, type Context, talks } from './context.ts';
import { newKey } from './key.ts';
import { clean } from './output/clean.ts';
import { fields, table } from './output/table.ts';
import { age } from './output/time.ts';
import { noteMore, readAll, readFirst } from './pages.ts';
import type { Incident, Remediation } from './resources.ts';

/** A ledger is long: its newest part, unless all of it is asked for. */
const SHOWN = 50;

/** `reeve incident list|show|ack` and `reeve remediation list`. */
export function addIncident(program: Command): void {
  const incident = program.command('incident').alias('incidents').description('problems, and what is done about them');

  talks(incident.command('list').alias('ls').description('list those that are not over'))
    .option('--all', 'also those that are closed')
    .addHelpText('after', '\nExample:\n  reeve incident list')
    .action(act<[], CommonOptions & { all?: boolean }>(async (context, { all }) => {
      const page = await readAll<Incident>(context.api, '/incidents', all ? {} : { state: 'open' });
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note(all ? 'there was no incident yet' : 'no incident is open');
      context.terminal.print(table(page.items, [
        { title: 'incident', cell: (each) => each.id, right: true },
        { title: 'severity', cell: (each) => each.severity },
        { title: 'state', cell: (each) => each.state },
        { title: 'age', cell: (each) => age(each.openedAt), right: true },
        { title: 'what', cell: (each) => each.title },
      ]));
    }));

  talks(incident.command('show').description('show one: what was seen, what was decided, and why'))
    .argument('<incident>', 'its number')
    .addHelpText('after', '\nExample:\n  reeve incident show 12')
    .action(act<[string]>(async (context, id) => {
      const found = await context.api.request<Incident>('GET', `/incidents/${encodeURIComponent(id)}`);
      const decisions = await readFirst<Remediation>(context.api, '/remediations', context.terminal.json ? Number.POSITIVE_INFINITY : SHOWN, { incident: id });
      if (context.terminal.json) return context.terminal.printJson({ ...found, remediations: decisions.items });
      printIncident(context, found, decisions.items);
      noteMore(context, decisions, `reeve remediation list --incident ${found.id} --all`);
    }));

  talks(incident.command('ack').alias('acknowledge').description('say that you look after it'))
    .argument('<incident>', 'its number')
    .option('--note <text>', 'what others should know')
    .addHelpText('after', '\nExample:\n  reeve incident ack 12 --note "asked the site’s owner"')
    .action(act<[string], CommonOptions & { note?: string }>(async (context, id, { note }) => {
      const found = await context.api.request<Incident>('POST', `/incidents/${encodeURIComponent(id)}/acknowledge`, {
        body: note ? { note } : {}, idempotencyKey: newKey(),
      });
      if (context.terminal.json) return context.terminal.printJson(found);
      context.terminal.note(`incident ${found.id} is acknowledged`);
    }));

  const remediation = program.command('remediation').alias('remediations').description('decisions about incidents');
  talks(remediation.command('list').alias('ls').description('list the newest, also those not to act, with the reason'))
    .option('--incident <number>', 'of one incident')
    .option('--container <container>', 'of one container')
    .option('--all', 'from the beginning')
    .addHelpText('after', '\nExample:\n  reeve remediation list --container c012345678')
    .action(act<[], CommonOptions & { incident?: string; container?: string; all?: boolean }>(async (context, { incident, container, all }) => {
      const page = await readFirst<Remediation>(context.api, '/remediations', all ? Number.POSITIVE_INFINITY : SHOWN, { incident, container });
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('nothing was decided yet');
      printRemediations(context, page.items);
      noteMore(context, page, '--all');
    }));
}

function printIncident({ terminal }: Context, found: Incident, decisions: readonly Remediation[]): void {
  const { seen = [], domain, traceback } = found.evidence as { seen?: string[]; domain?: string; traceback?: { container: string; text: string } };
  terminal.print(fields([
    ['incident', found.id],
    ['what', found.title],
    ['state', found.state + (found.closedWhy ? `: ${found.closedWhy}` : '')],
    ['severity', found.severity],
    ['subject', found.subject],
    ['cause', found.cause + (domain ? ` (${domain})` : '')],
    ['opened', `${age(found.openedAt)} ago`],
    ['acknowledged', found.acknowledgedBy?.name ?? null],
    ['seen', seen.join('\n')],
  ]));
  terminal.print(`\n${table(found.timeline, [
    { title: 'at', cell: (each) => each.at },
    { title: 'what', cell: (each) => each.what },
    { title: 'why', cell: (each) => String(each.reason ?? each.why ?? each.note ?? '') },
  ])}`);
  if (traceback) terminal.print(`\nthe last traceback, in ${traceback.container}:\n${clean(traceback.text)}`);
  if (decisions.length === 0) return;
  terminal.print('');
  printRemediations({ terminal } as Context, decisions);
}

function printRemediations({ terminal }: Pick<Context, 'terminal'>, decisions: readonly Remediation[]): void {
  terminal.print(table(decisions, [
    { title: 'at', cell: (each) => each.at },
    { title: 'incident', cell: (each) => each.incident ?? '', right: true },
    { title: 'container', cell: (each) => each.container ?? '' },
    { title: 'action', cell: (each) => each.action },
    { title: 'decision', cell: (each) => each.decision },
    { title: 'result', cell: (each) => each.result ?? '' },
    { title: 'reason', cell: (each) => each.reason },
  ]));
}
