import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { tailOfLog } from './log-file.ts';
import { isPortFree, PortTakenError } from './ports.ts';
import { bringCluster, SUPERUSER } from './postgres-cluster.ts';
import { createProcesses, type ManagedProcess, type Processes, READY_WITHIN_MS } from './processes.ts';
import { freeDataDirectory } from './postgres-leftover.ts';
import type { Installed, PostgresChoice } from './setup/installed.ts';

export interface PostgresOptions {
  readonly installed: Pick<Installed, 'postgres'>;
  /** Made on first use. Its name is also that of the log, the process and the password's file. */
  readonly dataDir: string;
  readonly port: number;
  /** For the Unix socket; made where missing. With `/.s.PGSQL.<port>` its path may have 103 bytes. */
  readonly socketDir: string;
  /** Beyond the ones below, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Where the superuser's password is kept (0600); `<dataDir>/../secrets` unless given. */
  readonly secretsDir?: string;
  /** What keeps it alive; one of its own beside the data unless given. */
  readonly processes?: Processes;
}

export interface RunningPostgres {
  /** The superuser's, to the database `postgres`, over 127.0.0.1. Holds the password. */
  readonly url: string;
  readonly port: number;
  readonly socketDir: string;
  readonly process: ManagedProcess;
  /** A fast shutdown: clients are cut off, nothing committed is lost. */
  stop(): Promise<void>;
}

/** Small, since it shares the machine, but durable: fsync stays on. */
const SETTINGS: Readonly<Record<string, string | number>> = {
  max_connections: 200,
  shared_buffers: '64MB',
  // Sites' queries are short; compiling them costs more than it gives, and memory in each connection.
  jit: 'off',
  huge_pages: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %u@%d ',
};

export class PostgresError extends Error {
  /** The last lines of its log. */
  readonly tail: string;

  constructor(message: string, tail: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PostgresError';
    this.tail = tail;
  }
}

/**
 * Starts a server on 127.0.0.1 and a Unix socket, on an existing or a new cluster, and waits until it answers. As
 * root it runs as `installed.postgres.user`. One that was not stopped cleanly recovers; one that still runs on the
 * same data is stopped first.
 *
 * @throws PortTakenError: choose another port and call again. PostgresError, with the log's tail, for all else.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { dataDir, port, socketDir } = options;
  const choice = embedded(options.installed.postgres);
  await freeDataDirectory(dataDir);
  if (!(await isPortFree(port))) throw new PortTakenError(port);
  const password = await bringCluster(choice, dataDir, options.secretsDir ?? join(dirname(dataDir), 'secrets'));
  prepareSocketDirectory(socketDir, choice);
  const own = options.processes ? null : await ownProcesses(dataDir);
  const processes = options.processes ?? (own as Processes);
  const server = processes.start({
    name: `postgres-${basename(dataDir)}`,
    command: join(choice.binDir, 'postgres'),
    args: ['-D', dataDir, ...commandLine({ ...SETTINGS, ...options.settings }, port, socketDir)],
    uid: choice.user?.uid,
    gid: choice.user?.gid,
    stopSignal: 'SIGINT', // fast shutdown; SIGTERM would wait for clients to leave
    grace: 20_000,
  });
  const stop = () => (own ? own.stopAll() : server.stop());
  const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
  try {
    await untilReady(url, server, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, port, socketDir, process: server, stop };
}

function embedded(choice: PostgresChoice): PostgresChoice & { binDir: string } {
  if (!choice.binDir) throw new PostgresError('no Postgres binaries were set up: a server is given by its URL', '');
  return { ...choice, binDir: choice.binDir };
}

function prepareSocketDirectory(socketDir: string, choice: PostgresChoice): void {
  if (!existsSync(socketDir)) mkdirSync(socketDir, { recursive: true, mode: 0o755 });
  if (choice.user) chownSync(socketDir, choice.user.uid, choice.user.gid);
}

function ownProcesses(dataDir: string): Promise<Processes> {
  const beside = dirname(dataDir);
  return createProcesses({ recordsDir: join(beside, `processes-${basename(dataDir)}`), logsDir: join(beside, 'logs') });
}

function commandLine(settings: Readonly<Record<string, string | number>>, port: number, socketDir: string): string[] {
  const all = { ...settings, port, listen_addresses: '127.0.0.1', unix_socket_directories: socketDir };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** It may need some time to recover; ended three times by itself, it will not come up. */
async function untilReady(url: string, server: ManagedProcess, port: number): Promise<void> {
  const end = Date.now() + READY_WITHIN_MS;
  let last: unknown;
  while (Date.now() < end) {
    if (server.ends > 0 && server.pid === null && !(await isPortFree(port))) throw new PortTakenError(port);
    if (server.ends >= 3) break;
    try {
      await ask(url);
      return;
    } catch (error) {
      last = error;
      await delay(40);
    }
  }
  throw new PostgresError(`Postgres does not start; its log is ${server.logFile}`, tailOfLog(server.logFile), { cause: last });
}

async function ask(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {}); // what matters is thrown by the calls below
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => {});
  }
}
