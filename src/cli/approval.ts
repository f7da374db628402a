import type { Command } from 'commander';
import type { Answer } from '../api/client.ts';
import { act, type CommonOptions, type Context, talks, waits } from './context.ts';
import { newKey } from './key.ts';
import { table } from './output/table.ts';
import { age } from './output/time.ts';
import { readAll } from './pages.ts';
import type { Approval } from './resources.ts';
import { awaitRun, printOutcome } from './run/accepted.ts';

/** `reeve approval list|approve|reject`. */
export function addApproval(program: Command): void {
  const approval = program.command('approval').alias('approvals').description('changes that wait for a person’s yes');

  talks(approval.command('list').alias('ls').description('list them'))
    .option('--all', 'also those that are decided')
    .addHelpText('after', '\nExample:\n  reeve approval list')
    .action(act<[], CommonOptions & { all?: boolean }>(async (context, { all }) => {
      const page = await readAll<Approval>(context.api, '/approvals', all ? {} : { state: 'pending' });
      if (context.terminal.json) return context.terminal.printJson(page);
      if (page.items.length === 0) return context.terminal.note('nothing waits for an approval');
      context.terminal.print(table(page.items, [
        { title: 'approval', cell: (each) => each.id },
        { title: 'kind', cell: (each) => each.kind },
        { title: 'subject', cell: (each) => each.subject },
        { title: 'state', cell: (each) => each.state },
        { title: 'by', cell: (each) => each.requestedBy.name },
        { title: 'age', cell: (each) => age(each.requestedAt), right: true },
      ]));
    }));

  waits(approval.command('approve').description('approve one, and wait until what it was asked for is done'))
    .argument('<approval>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve approval approve a012345678')
    .action(act<[string]>(async (context, id) => {
      const answer = await decide(context, id, 'approve');
      const run = await awaitRun(context, answer, answer.body.subject);
      const read = () => context.api.request<Approval>('GET', `/approvals/${answer.body.id}`);
      if (context.terminal.json) return printOutcome(context, answer, run, read);
      context.terminal.note(`${answer.body.kind} of ${answer.body.subject} is approved${run ? ' and done' : ''}`);
    }));

  talks(approval.command('reject').description('reject one: what it was asked for is not done'))
    .argument('<approval>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve approval reject a012345678')
    .action(act<[string]>(async (context, id) => {
      const { body } = await decide(context, id, 'reject');
      if (context.terminal.json) return context.terminal.printJson(body);
      context.terminal.note(`${body.kind} of ${body.subject} is rejected`);
    }));
}

async function decide(context: Context, id: string, verb: 'approve' | 'reject'): Promise<Answer<Approval>> {
  return await context.api.exchange<Approval>('POST', `/approvals/${encodeURIComponent(id)}/${verb}`, { idempotencyKey: newKey() });
}
