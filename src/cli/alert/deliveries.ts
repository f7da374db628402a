import type { Command } from 'commander';
import { act, type CommonOptions, talks } from '../context.ts';
import { table } from '../output/table.ts';
import { age } from '../output/time.ts';
import { noteMore, readFirst } from '../pages.ts';
import type { Delivery } from '../resources.ts';
import { parseCount } from '../values.ts';
import { findChannel } from './channels.ts';

export function addDeliveries(alert: Command): void {
  talks(alert.command('deliveries').description('what was sent, newest first, and what became of it'))
    .option('--channel <channel>', 'only of this one: its id or name')
    .option('--state <state>', 'pending, delivered, failed or dropped')
    .option('--limit <count>', 'how many', parseCount, 50)
    .addHelpText('after', '\nExample:\n  reeve alert deliveries --state failed')
    .action(act<[], CommonOptions & { channel?: string; state?: string; limit: number }>(async (context, { channel, state, limit }) => {
      const id = channel === undefined ? undefined : (await findChannel(context, channel)).id;
      const page = await readFirst<Delivery>(context.api, '/alerts/deliveries', limit, { channel: id, state });
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('nothing was sent');
      context.terminal.print(table(page.items, [
        { title: 'age', cell: (each) => age(each.at), right: true },
        { title: 'channel', cell: (each) => each.channelName },
        { title: 'kind', cell: (each) => each.kind },
        { title: 'incidents', cell: (each) => each.incidents.join(', ') },
        { title: 'state', cell: (each) => each.state },
        { title: 'attempts', cell: (each) => each.attempts, right: true },
        { title: 'why', cell: (each) => each.lastError },
      ]));
      noteMore(context, page, '--limit');
    }));
}
