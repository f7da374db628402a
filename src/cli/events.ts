import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { isReeveError } from '../domain/errors.ts';
import { act, type CommonOptions, type Context, talks } from './context.ts';
import { age } from './output/time.ts';
import { readAll } from './pages.ts';
import type { Event, Platform } from './resources.ts';

const SHOWN = 50;

interface StreamItem {
  /** `<generation>-<notice>`: where the stream stands after it. */
  readonly id: string;
  readonly event: 'ready' | 'event' | 'notice';
  readonly data: Shown;
}

/** An event as a list has it, or an event or notice as the stream has it. */
type Shown = Pick<Event, 'type' | 'at' | 'metadata'> & { readonly id?: number; readonly generation?: number | null };

/** `reeve events`. */
export function addEvents(program: Command): void {
  talks(program.command('events').description('what changed, newest last; an event’s id is its generation'))
    .option('--after <id>', 'only those after this one (else the last 50)')
    .option('-f, --follow', 'go on with those to come, and with notices of what is observed')
    .addHelpText('after', '\nExamples:\n  reeve events\n  reeve events -f --json | jq -c .')
    .action(act<[], CommonOptions & { after?: string; follow?: boolean }>(async (context, { after, follow }) => {
      if (follow) return await followEvents(context, after);
      const page = await readAll<Event>(context.api, '/events', { after: after ?? await beforeLast(context) });
      if (context.terminal.json) return context.terminal.printJson(page);
      for (const event of page.items) printEvent(context, event);
    }));
}

async function beforeLast(context: Context): Promise<string> {
  const { generation } = await context.api.request<Platform>('GET', '/platform');
  return String(Math.max(0, generation - SHOWN));
}

/** Subscribes first and lists what came before then, so that nothing falls between the two. Comes back when cut off. */
async function followEvents(context: Context, after: string | undefined): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  let last: string | undefined;
  try {
    for (;;) {
      try {
        const stream = context.api.stream<StreamItem>('/stream', { signal: interrupt.signal, lastEventId: last });
        for await (const { id, event, data } of stream) {
          if (event === 'ready') {
            if (last === undefined) await printBefore(context, after ?? await beforeLast(context), Number.parseInt(id, 10));
          } else {
            printEvent(context, data);
          }
          last = id;
        }
      } catch (error) {
        if (last === undefined || !isReeveError(error, 'unavailable')) throw error;
      }
      await delay(1000, undefined, { signal: interrupt.signal });
    }
  } catch (error) {
    // Following ends by Ctrl-C: that is no failure.
    if (!interrupt.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function printBefore(context: Context, after: string, upTo: number): Promise<void> {
  const { items } = await readAll<Event>(context.api, '/events', { after });
  for (const event of items) if (event.id <= upTo) printEvent(context, event);
}

/** One line each, so that a reader of the stream gets each at once. */
function printEvent(context: Context, event: Shown): void {
  if (context.terminal.json) {
    context.terminal.print(JSON.stringify(event));
    return;
  }
  const metadata = Object.entries(event.metadata ?? {}).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  context.terminal.print([String(event.id ?? event.generation ?? '').padStart(6), age(event.at).padStart(6), event.type, ...metadata].join('  '));
}
