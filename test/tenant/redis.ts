import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../codebase/postgres.ts';

export interface Redis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A real Redis that keeps nothing on disk; null where the machine has no `redis-server`. */
export async function startRedis(): Promise<Redis | null> {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', options, { cwd: tmpdir(), stdio: 'ignore' });
  const exited = once(child, 'exit');
  try {
    await once(child, 'spawn');
  } catch (error) {
    exited.catch(() => {});
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    await delay(20);
  }
  return {
    url: `redis://127.0.0.1:${port}/0`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
