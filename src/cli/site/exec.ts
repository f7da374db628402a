import type { Command } from 'commander';
import { ReeveError } from '../../domain/errors.ts';
import { act, type CommonOptions, type Context, talks } from '../context.ts';
import { Exited } from '../failure.ts';
import { readStdin } from '../stdin.ts';
import { findSite } from './find.ts';

/** One line of the answer: output as it comes (base64, as it may be any bytes), and at last how the command ended. */
type Frame =
  | { readonly stream: 'stdout' | 'stderr'; readonly data: string }
  | { readonly exit: number };

/** `reeve site exec`: ends with the command's own exit code. */
export function addExec(site: Command): void {
  talks(site.command('exec').description('run a command with a site’s environment, in a container; it is audited'))
    .argument('<site>', 'its name, id or a hostname of it')
    .argument('<command...>', 'after --; a management command, or any program')
    .option('--container <container>', 'in this one (else one that is ready)')
    .option('--timeout <duration>', 'end the command after this long, like 5m')
    .addHelpText('after', `
The exit code is the command's. What is piped in becomes its standard input.

Examples:
  reeve site exec alpha -- migrate --plan
  reeve site exec alpha -- createsuperuser --noinput --username ada --email ada@example.org
  echo 'print(1)' | reeve site exec alpha -- shell`)
    .action(act<[string, string[]], CommonOptions & { container?: string }>(async (context, given, command, options) => {
      const found = await findSite(context.api, given);
      const piped = process.stdin.isTTY ? null : await readStdin();
      const code = await runThere(context, found.id, {
        command, container: options.container, stdin: piped?.length ? piped.toString('base64') : null,
        timeoutSeconds: context.timeout === null ? undefined : Math.max(1, Math.round(context.timeout / 1000)),
      });
      if (code !== 0) throw new Exited(code);
    }));
}

interface Exec {
  readonly command: readonly string[];
  readonly container?: string;
  readonly stdin: string | null;
  readonly timeoutSeconds?: number;
}

async function runThere(context: Context, site: string, body: Exec): Promise<number> {
  for await (const frame of context.api.stream<Frame>(`/sites/${site}/exec`, { method: 'POST', body })) {
    if (context.terminal.json) context.terminal.print(JSON.stringify(frame));
    if ('exit' in frame) return frame.exit;
    if (!context.terminal.json) process[frame.stream].write(Buffer.from(frame.data, 'base64'));
  }
  throw new ReeveError('unavailable', 'the connection ended before the command did; whether it went on is not known');
}
