import { type ChildProcess, spawn } from 'node:child_process';
import { type Log, messageOf } from '../../log.ts';
import type { Command } from './commands.ts';
import { endAll, identify, type ProcessIdentity, remains } from './processes.ts';

const POLL_MS = 30;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** A child that ran this long was well: the next restart is at once again. */
const SETTLED_MS = 10_000;

export interface Supervised {
  /** Ask it to end, kill it after `graceMs`, and start it no more. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<void>;
  /** End it now; it starts again. */
  restart(): void;
  send(message: unknown): void;
}

export interface ChildOptions {
  readonly name: string;
  readonly root: string;
  readonly log: Log;
  /** Null: not yet; asked again each 30 ms. */
  command(): Command | null;
  /** Before each start, when whatever the last one left has ended. */
  prepare?(): void;
  /** Called when one started, and with null when it ended. */
  onChange(process: ProcessIdentity | null): void;
  onMessage?(message: unknown): void;
}

/**
 * Keep one child running: it is started again alone, after a growing delay, whatever its siblings do. It leads its own
 * process group, so that what a killed master leaves is found and ended before the next start.
 */
export function supervise(options: ChildOptions): Supervised {
  const { name, root, log } = options;
  let child: ChildProcess | null = null;
  let current: ProcessIdentity | null = null;
  let stopping = false;
  let wake = () => {};
  const pause = (ms: number) => new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => { clearTimeout(timer); resolve(); };
  });

  async function runOnce(command: Command): Promise<void> {
    options.prepare?.();
    const started = spawn(command.program, command.args, {
      cwd: command.cwd, env: command.env, detached: true,
      stdio: options.onMessage ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', 'inherit', 'inherit'],
    });
    const ended = new Promise<string>((resolve) => {
      started.on('error', (error) => resolve(messageOf(error)));
      started.on('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
    });
    if (options.onMessage) started.on('message', options.onMessage);
    current = started.pid === undefined ? null : identify(started.pid);
    child = started;
    if (current) options.onChange(current);
    log.info('child started', { child: name, pid: started.pid });
    const how = await ended;
    child = null;
    log[stopping ? 'info' : 'warn']('child ended', { child: name, pid: started.pid, how });
    if (current) await endAll(remains(current, root), 'SIGTERM', 2_000);
    current = null;
    options.onChange(null);
  }

  async function keepRunning(): Promise<void> {
    let delay = 0;
    while (!stopping) {
      const command = options.command();
      if (!command) { await pause(POLL_MS); continue; }
      const startedAt = performance.now();
      await runOnce(command);
      if (stopping) break;
      delay = performance.now() - startedAt > SETTLED_MS ? 0 : Math.min(LONGEST_DELAY_MS, Math.max(FIRST_DELAY_MS, delay * 2));
      await pause(delay);
    }
  }

  const finished = keepRunning();
  return {
    async stop(signal, graceMs) {
      stopping = true;
      wake();
      if (current) void endAll([current], signal, graceMs);
      await finished;
    },
    restart() {
      if (current) void endAll([current], 'SIGKILL', 0);
    },
    send(message) {
      if (child?.connected) child.send(message as object, () => {});
    },
  };
}
