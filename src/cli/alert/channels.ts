import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { ReeveError } from '../../domain/errors.ts';
import { confirmName } from '../confirm.ts';
import { act, type CommonOptions, type Context, talks } from '../context.ts';
import { newKey } from '../key.ts';
import { table } from '../output/table.ts';
import { readAll } from '../pages.ts';
import type { Channel, Delivery } from '../resources.ts';
import { didYouMean } from '../suggest.ts';

/** Longer than one attempt by any channel takes. */
const TEST_MS = 30_000;

export function addChannels(channel: Command): void {
  talks(channel.command('list').alias('ls').description('list the channels'))
    .addHelpText('after', '\nExample:\n  reeve alert channel list')
    .action(act<[]>(async (context) => {
      const page = await readAll<Channel>(context.api, '/alerts/channels');
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('nobody is told of incidents; add a channel with: reeve alert channel add');
      context.terminal.print(table(page.items, [
        { title: 'channel', cell: (each) => each.id },
        { title: 'name', cell: (each) => each.name },
        { title: 'kind', cell: (each) => each.kind },
        { title: 'to', cell: (each) => each.target },
        { title: 'severities', cell: (each) => each.routing.severities.join(', ') },
        { title: 'subjects', cell: (each) => each.routing.subjects.join(', ') || 'any' },
        { title: 'last', cell: (each) => (each.enabled ? each.last?.state : 'off') },
      ]));
    }));

  talks(channel.command('test').description('send a test through a channel, and say what became of it'))
    .argument('<channel>', 'its id or name')
    .addHelpText('after', '\nExample:\n  reeve alert channel test on-call')
    .action(act<[string]>(async (context, given) => {
      const found = await findChannel(context, given);
      const asked = await context.api.request<Delivery>('POST', `/alerts/channels/${found.id}/test`, { idempotencyKey: newKey() });
      const ended = await outcome(context, asked);
      if (ended.state === 'failed') throw new ReeveError('step-failed', `${found.name} was not reached: ${ended.lastError}`);
      if (ended.state !== 'delivered') throw new ReeveError('unavailable', `the test of ${found.name} is ${ended.state}: is the control worker running?`);
      if (context.terminal.json) return context.terminal.printJson(ended);
      context.terminal.note(`${found.name} was reached${ended.lastError ? ` (${ended.lastError})` : ''}`);
    }));

  talks(channel.command('remove').alias('rm').description('remove a channel; what waits for it is not sent'))
    .argument('<channel>', 'its id or name')
    .option('-y, --yes', 'do not ask for the name')
    .addHelpText('after', '\nExample:\n  reeve alert channel remove on-call --yes')
    .action(act<[string], CommonOptions & { yes?: boolean }>(async (context, given, options) => {
      const found = await findChannel(context, given);
      await confirmName(context, options, `remove the channel ${found.name} (${found.id})`, found.name);
      await context.api.request('DELETE', `/alerts/channels/${found.id}`, { ifMatch: found.rev });
      if (context.terminal.json) context.terminal.printJson(found);
      else context.terminal.note(`${found.name} is removed`);
    }));
}

async function outcome(context: Context, asked: Delivery): Promise<Delivery> {
  const end = Date.now() + (context.timeout ?? TEST_MS);
  let now = asked;
  while (now.state === 'pending' && Date.now() < end) {
    await delay(200);
    now = await context.api.request<Delivery>('GET', `/alerts/deliveries/${asked.id}`);
  }
  return now;
}

export async function findChannel(context: Context, given: string): Promise<Channel> {
  const { items } = await readAll<Channel>(context.api, '/alerts/channels');
  const found = items.find((each) => each.id === given || each.name === given);
  if (found) return found;
  throw new ReeveError('not-found', `no channel named ${given}${didYouMean(given, items.map((each) => each.name))}`);
}
