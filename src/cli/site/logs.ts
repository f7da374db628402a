import type { Command } from 'commander';
import { ReeveError } from '../../domain/errors.ts';
import { act, type CommonOptions, type Context, talks } from '../context.ts';
import { Detached } from '../failure.ts';
import type { Style } from '../output/terminal.ts';
import { parseDuration } from '../output/time.ts';
import { findSite } from './find.ts';

interface Line {
  readonly at?: string;
  readonly container?: string;
  /** `access` from nginx, `app` from the site's processes. */
  readonly source?: string;
  readonly status?: number;
  readonly message?: string;
  readonly [field: string]: unknown;
}

interface LogsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly errors?: boolean;
  readonly since?: string;
}

/** `reeve site logs`: of all containers, in order of time. */
export function addLogs(site: Command): void {
  talks(site.command('logs').description('a site’s requests and what its processes said, from every container'))
    .argument('<site>', 'its name, id or a hostname of it')
    .option('-f, --follow', 'go on with what comes')
    .option('--errors', 'only failed requests and what the processes said')
    .option('--since <duration>', 'from this long ago on, like 10m or 2h')
    .addHelpText('after', `
Examples:
  reeve site logs alpha --since 10m
  reeve site logs alpha -f --errors
  reeve site logs alpha --json | jq 'select(.status >= 500)'`)
    .action(act<[string], LogsOptions>(async (context, given, options) => {
      const since = options.since === undefined ? undefined : sinceTime(options.since);
      const found = await findSite(context.api, given);
      const query = { since, follow: options.follow || undefined, errors: options.errors || undefined };
      await printLines(context, `/sites/${found.id}/logs`, query);
    }));
}

async function printLines(context: Context, path: string, query: Record<string, string | boolean | undefined>): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(new Detached(''));
  process.once('SIGINT', onInterrupt);
  try {
    for await (const line of context.api.stream<Line | string>(path, { query, signal: interrupt.signal })) {
      context.terminal.print(context.terminal.json ? JSON.stringify(line) : drawLine(context, line));
    }
  } catch (error) {
    // Following ends by Ctrl-C: that is no failure.
    if (!interrupt.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

function drawLine(context: Context, line: Line | string): string {
  if (typeof line === 'string') return line;
  const { at, container, source, status, message, ...rest } = line;
  const style: Style = status !== undefined && status >= 500 ? 'red' : status !== undefined && status >= 400 ? 'yellow' : 'reset';
  const words = [at, container, source, status === undefined ? undefined : context.terminal.paint(style, String(status)),
    message, ...Object.entries(rest).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)];
  return words.filter((word) => word !== undefined && word !== '').join('  ');
}

function sinceTime(text: string): string {
  const ms = parseDuration(text);
  if (ms === null) throw new ReeveError('bad-request', `--since takes a duration like 10m or 2h, not ${JSON.stringify(text)}`);
  return new Date(Date.now() - ms).toISOString();
}
