/** What each command is given: the platform it talks to and the terminal it writes to. */
import type { Command } from 'commander';
import type { Client, createClient } from '../api/client.ts';
import { ReeveError } from '../domain/errors.ts';
import { type Connection, type ConnectionOptions, findConnection } from './connection.ts';
import { reportFailure } from './failure.ts';
import { openTerminal, type Terminal, toleratePipes } from './output/terminal.ts';
import { parseDuration } from './output/time.ts';

export type { Client };

export interface Context {
  /** Found and opened when first asked for, so that commands without a platform work without one. */
  readonly api: Client;
  readonly connection: Connection;
  readonly terminal: Terminal;
  /** Whether to stay until a run has ended; `--no-wait` says not to. */
  readonly wait: boolean;
  /** Milliseconds to stay for at most; null is as long as it takes. */
  readonly timeout: number | null;
}

export interface CommonOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** Add the options of every command that talks to the platform. */
export function talks(command: Command): Command {
  return command
    .option('--api <address>', 'the platform’s API (else REEVE_API, else the platform on this machine)')
    .option('--token-file <file>', 'a file with the token (else REEVE_TOKEN)')
    .option('--json', 'print the API’s JSON')
    .option('-q, --quiet', 'print the result only');
}

/** Add the options of commands that start a run. */
export function waits(command: Command): Command {
  return talks(command)
    .option('--no-wait', 'return as soon as the run is accepted')
    .option('--timeout <duration>', 'stop waiting after this long, like 90s or 5m; the run goes on');
}

type Act<Arguments extends unknown[], Options> =
  (context: Context, ...rest: [...Arguments, Options & CommonOptions]) => Promise<void>;

/**
 * A command's action: opens the context, runs, and turns what went wrong into words and an exit code. The process
 * ends by itself once its output is written.
 */
export function act<Arguments extends unknown[], Options = object>(run: Act<Arguments, Options>) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const options = command.opts() as Options & CommonOptions;
    const terminal = openTerminal(options);
    toleratePipes();
    try {
      const rest = given.slice(0, -2) as Arguments;
      // Loaded here, since it takes a tenth of a second, and --help and the parts need none.
      const client = await import('../api/client.ts');
      await run(openContext(options, terminal, client.createClient), ...rest, options);
    } catch (error) {
      process.exitCode = reportFailure(error, terminal);
    }
  };
}

function openContext(options: CommonOptions, terminal: Terminal, connect: typeof createClient): Context {
  let connection: Connection | undefined;
  let api: Client | undefined;
  const timeout = options.timeout === undefined ? null : parseDuration(options.timeout);
  if (options.timeout !== undefined && timeout === null) {
    throw new ReeveError('bad-request', `--timeout takes a duration like 90s or 5m, not ${JSON.stringify(options.timeout)}`);
  }
  return {
    terminal,
    timeout,
    wait: options.wait !== false,
    get connection() {
      connection ??= findConnection(options);
      return connection;
    },
    get api() {
      api ??= connect({ api: this.connection.api, token: this.connection.token });
      return api;
    },
  };
}
