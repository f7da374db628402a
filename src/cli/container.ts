import type { Command } from 'commander';
import type { Answer } from '../api/client.ts';
import { isReeveError, ReeveError } from '../domain/errors.ts';
import { addContainerDrift } from './container-drift.ts';
import { confirmName } from './confirm.ts';
import { act, type CommonOptions, type Context, talks, waits } from './context.ts';
import { newKey } from './key.ts';
import { loadOf, percent } from './load.ts';
import { fields, table } from './output/table.ts';
import { age } from './output/time.ts';
import { readAll } from './pages.ts';
import type { Container } from './resources.ts';
import { awaitRun, printOutcome } from './run/accepted.ts';
import { paintStatus } from './site/show.ts';
import { didYouMean } from './suggest.ts';

/** `reeve container add|list|show|drain|replace|drift|check|regenerate`. */
export function addContainer(program: Command): void {
  const container = program.command('container').alias('containers').description('the members of the cluster');
  addReading(container);
  addContainerDrift(container);

  waits(container.command('add').description('launch one more container, and wait until it serves every site'))
    .addHelpText('after', '\nExample:\n  reeve container add')
    .action(act<[]>(async (context) => {
      const answer = await context.api.exchange<Container>('POST', '/containers', { body: {}, idempotencyKey: newKey() });
      await settle(context, answer, 'ready');
    }));

  waits(container.command('drain').description('let a container finish what it does, then end it'))
    .argument('<container>', 'its id')
    .option('-y, --yes', 'do not ask for the id')
    .option('--force', 'also when no other container would be left that serves')
    .addHelpText('after', '\nExample:\n  reeve container drain c012345678')
    .action(act<[string], CommonOptions & { yes?: boolean; force?: boolean }>(async (context, given, options) => {
      const found = await findContainer(context, given);
      await confirmName(context, options, `drain and end the container ${found.id}`, found.id);
      const answer = await context.api.exchange<Container>('POST', `/containers/${found.id}/drain`, {
        body: { incarnation: found.incarnation, force: options.force },
        idempotencyKey: newKey(),
      });
      await settle(context, answer, 'drained');
    }));

  waits(container.command('replace').description('launch another one in its place, and end it once that one serves'))
    .argument('<container>', 'its id')
    .option('-y, --yes', 'do not ask for the id')
    .option('--reason <text>', 'why, for the audit')
    .addHelpText('after', '\nExample:\n  reeve container replace c012345678')
    .action(act<[string], CommonOptions & { yes?: boolean; reason?: string }>(async (context, given, options) => {
      const found = await findContainer(context, given);
      await confirmName(context, options, `replace and end the container ${found.id}`, found.id);
      const answer = await context.api.exchange<Container>('POST', `/containers/${found.id}/replace`, {
        body: { incarnation: found.incarnation, reason: options.reason },
        idempotencyKey: newKey(),
      });
      await settle(context, answer, 'replaced');
    }));
}

function addReading(container: Command): void {
  talks(container.command('list').alias('ls').description('list the containers'))
    .addHelpText('after', '\nExample:\n  reeve container list')
    .action(act<[]>(async (context) => {
      const page = await readAll<Container>(context.api, '/containers');
      if (context.terminal.json) return context.terminal.printJson(page);
      printContainers(context, page.items);
    }));

  talks(container.command('show').description('show a container: what it serves and what it waits on'))
    .argument('<container>', 'its id')
    .addHelpText('after', '\nExample:\n  reeve container show c012345678 --json')
    .action(act<[string]>(async (context, given) => {
      const found = await findContainer(context, given);
      if (context.terminal.json) return context.terminal.printJson(found);
      printContainer(context, found);
    }));
}

/** The table of `reeve container list`, which `reeve status` shows too. */
export function printContainers(context: Context, containers: readonly Container[]): void {
  const { terminal } = context;
  if (containers.length === 0) {
    terminal.note('no containers; launch one with: reeve container add');
    return;
  }
  terminal.print(table(containers, [
    { title: 'container', cell: (each) => each.id },
    { title: 'role', cell: (each) => each.role },
    { title: 'state', cell: (each) => paintStatus(terminal, stateOf(each)) },
    { title: 'generation', cell: (each) => each.observedGeneration, right: true },
    { title: 'cpu', cell: (each) => percent(each.load?.cpu), right: true },
    { title: 'memory', cell: (each) => percent(each.load?.memory), right: true },
    { title: 'req/s', cell: (each) => each.load?.requests, right: true },
    { title: 'awake', cell: (each) => each.vassals.awake, right: true },
    { title: 'failing', cell: (each) => each.vassals.failing, right: true },
    { title: 'quarantined', cell: (each) => each.quarantined.length, right: true },
    { title: 'waiting on', cell: (each) => each.waitingOn.map(({ on }) => on).join(', ') },
  ]));
}

function printContainer(context: Context, found: Container): void {
  context.terminal.print(fields([
    ['id', found.id],
    ['incarnation', found.incarnation],
    ['role', found.role],
    ['state', paintStatus(context.terminal, stateOf(found))],
    ['wanted', found.wanted],
    ['address', found.address],
    ['generation', found.observedGeneration],
    ['vassals', Object.entries(found.vassals).map(([state, count]) => `${count} ${state}`).join(', ')],
    ['load', loadOf(found)],
    ['lease', leaseOf(found)],
    ['waiting on', found.waitingOn.map(({ on, message }) => `${on}: ${message}`).join('; ')],
  ]));
  if (found.quarantined.length === 0) return;
  context.terminal.print(`\n${table(found.quarantined, [
    { title: 'quarantined site', cell: (each) => each.site },
    { title: 'since', cell: (each) => age(each.since), right: true },
    { title: 'reason', cell: (each) => each.reason },
  ])}`);
}

/** One that should serve and whose lease has lapsed says nothing of itself any more; one that only starts has none yet. As /platform counts them. */
export function stateOf(found: Pick<Container, 'state' | 'wanted' | 'alive'>): string {
  return found.wanted === 'running' && found.state !== 'starting' && !found.alive ? 'lost' : found.state;
}

function leaseOf(found: Container): string | null {
  if (!found.leaseExpiresAt) return null;
  const left = Date.parse(found.leaseExpiresAt) - Date.now();
  return left > 0 ? `good for ${Math.ceil(left / 1000)} s` : `lapsed ${age(found.leaseExpiresAt)} ago`;
}

async function findContainer(context: Context, given: string): Promise<Container> {
  try {
    return await context.api.request<Container>('GET', `/containers/${encodeURIComponent(given)}`);
  } catch (error) {
    if (!isReeveError(error, 'not-found')) throw error;
    const { items } = await readAll<Container>(context.api, '/containers');
    throw new ReeveError('not-found', `no container ${given}${didYouMean(given, items.map((each) => each.id))}`);
  }
}

async function settle(context: Context, answer: Answer<Container>, done: string): Promise<void> {
  const { id } = answer.body;
  const run = await awaitRun(context, answer, id);
  const read = () => context.api.request<Container>('GET', `/containers/${id}`);
  if (context.terminal.json) return printOutcome(context, answer, run, read);
  if (run) context.terminal.note(`${id} is ${done}`);
}
