import { mkdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { tailOfLog } from './log-file.ts';
import { isListening, isPortFree, PortTakenError } from './ports.ts';
import { createProcesses, type ManagedProcess, type Processes, READY_WITHIN_MS } from './processes.ts';
import { bringSearchAttributes, type SearchAttributeType } from './search-attributes.ts';
import type { Installed } from './setup/installed.ts';

export interface TemporalOptions {
  readonly installed: Pick<Installed, 'temporal'>;
  /** SQLite; made on first use. Its name, less its extension, is also that of the log and the process. */
  readonly dbFile: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  readonly searchAttributes: Readonly<Record<string, SearchAttributeType>>;
  /** What keeps it alive; one of its own beside the file unless given. */
  readonly processes?: Processes;
}

export interface RunningTemporal {
  /** `host:port`, for clients and workers. */
  readonly address: string;
  /** Null where the server is not ours: TEMPORAL_ADDRESS does not say. */
  readonly uiUrl: string | null;
  readonly namespace: string;
  readonly process: ManagedProcess | null;
  stop(): Promise<void>;
}

export class TemporalError extends Error {
  /** The last lines of its log. */
  readonly tail: string;

  constructor(message: string, tail: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TemporalError';
    this.tail = tail;
  }
}

/**
 * Starts a development server with its UI on 127.0.0.1, its state in a file, and waits until the namespace answers
 * and has the search attributes. Where TEMPORAL_ADDRESS named a server, nothing is started or asked: clients say
 * whether it answers them, with the settings (TLS, API key) that only they know.
 *
 * @throws PortTakenError: choose other ports and call again. TemporalError, with the log's tail, for all else.
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { installed, dbFile, port, uiPort, namespace } = options;
  if (installed.temporal.address) {
    return { address: installed.temporal.address, uiUrl: null, namespace, process: null, stop: async () => {} };
  }
  if (!installed.temporal.binary) throw new TemporalError('no Temporal server was set up', '');
  for (const wanted of [port, uiPort]) {
    if (!(await isPortFree(wanted))) throw new PortTakenError(wanted);
  }
  mkdirSync(dirname(dbFile), { recursive: true });
  const name = basename(dbFile, extname(dbFile));
  const own = options.processes ? null : await ownProcesses(dbFile, name);
  const server = (options.processes ?? (own as Processes)).start({
    name: name.startsWith('temporal') ? name : `temporal-${name}`,
    command: installed.temporal.binary,
    args: commandLine(options),
    grace: 15_000,
  });
  const stop = () => (own ? own.stopAll() : server.stop());
  const address = `127.0.0.1:${port}`;
  try {
    await untilReady(address, options, server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, uiUrl: `http://127.0.0.1:${uiPort}`, namespace, process: server, stop };
}

function commandLine(options: TemporalOptions): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--ui-ip', '127.0.0.1'],
    ...['--port', String(options.port), '--ui-port', String(options.uiPort)],
    ...['--namespace', options.namespace, '--db-filename', options.dbFile],
    // With the defaults each commit waits for the disk twice (TEMPORAL.md).
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=1'],
    ...['--log-level', 'warn', '--log-format', 'json', '--color', 'never'],
    ...Object.entries(options.searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
}

function ownProcesses(dbFile: string, name: string): Promise<Processes> {
  const beside = dirname(dbFile);
  return createProcesses({ recordsDir: join(beside, `processes-${name}`), logsDir: join(beside, 'logs') });
}

/** The port opens before the namespace is there, so the namespace is what is asked for. */
async function untilReady(address: string, options: TemporalOptions, server: ManagedProcess): Promise<void> {
  const end = Date.now() + READY_WITHIN_MS;
  let last: unknown;
  while (Date.now() < end && server.ends < 3) {
    // Whatever answers there then is not this one.
    if (server.ends > 0 && server.pid === null && !(await isPortFree(options.port))) throw new PortTakenError(options.port);
    // gRPC waits a second after a refused connection, so it is not tried before the port is open.
    if (!(await isListening('127.0.0.1', options.port))) {
      await delay(20);
      continue;
    }
    try {
      await prepare(address, options);
      return;
    } catch (error) {
      last = error;
      await delay(50);
    }
  }
  const message = `Temporal does not answer at ${address}; its log is ${server.logFile}`;
  throw new TemporalError(message, tailOfLog(server.logFile), { cause: last });
}

async function prepare(address: string, { namespace, searchAttributes }: TemporalOptions): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    await connection.withDeadline(Date.now() + 5_000, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      await bringSearchAttributes(connection, namespace, searchAttributes);
    });
  } finally {
    await connection.close();
  }
}
