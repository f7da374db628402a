import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment, programDirectories } from '../environment.ts';

export interface CommandResult {
  /** Null where a signal or the time-out ended it, or where it could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  /** The last lines of both streams, as they came. */
  readonly tail: string;
  readonly timedOut: boolean;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds; then it is killed. */
  readonly timeout?: number;
  /** Ends it, with all that it started: by SIGINT, on which pip removes what it began, then by SIGKILL. */
  readonly stopping?: AbortSignal | undefined;
  readonly onLine?: (line: string) => void;
}

const TAIL_LINES = 20;
/** From SIGINT to SIGKILL. */
const CLEANS_UP_MS = 1_000;

/**
 * Runs a program to its end, without a shell and without standard input. Never throws for its failure.
 *
 * @throws the reason of `stopping`, once nothing of it runs any more
 */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { stopping } = options;
  stopping?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? childEnvironment(),
    uid: options.uid,
    gid: options.gid,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, to be ended whole: a compiler that Go started would write on into what is removed.
    detached: stopping !== undefined,
  });
  const end = (signal: NodeJS.Signals) => (stopping ? signalGroup(child.pid, signal) : child.kill(signal));
  const stdout: string[] = [];
  const tail: string[] = [];
  const take = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout.push(line);
    take(line);
  });
  createInterface({ input: child.stderr }).on('line', take);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end('SIGKILL');
  }, options.timeout ?? 2 ** 31 - 1);
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    end('SIGINT');
    killing = setTimeout(() => end('SIGKILL'), CLEANS_UP_MS);
  };
  stopping?.addEventListener('abort', stop, { once: true });
  const finish = (code: number | null) => {
    clearTimeout(timer);
    clearTimeout(killing);
    stopping?.removeEventListener('abort', stop);
    if (stopping?.aborted) reject(stopping.reason as Error);
    else resolve({ code, stdout: stdout.join('\n'), tail: tail.join('\n'), timedOut });
  };
  child.on('error', (error) => {
    take(error.message);
    finish(null);
  });
  // With a grandchild that keeps the pipes open, 'close' never comes after a time-out: 'exit' is enough then.
  child.on('exit', () => {
    if (stopping?.aborted) end('SIGKILL');
    else if (timedOut) finish(null);
  });
  child.on('close', (code) => finish(code));
  return await promise;
}

function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** All executables of this name, in the order in which they are looked for. */
export function findPrograms(name: string, env: NodeJS.ProcessEnv = process.env): string[] {
  return programDirectories(env)
    .map((directory) => join(directory, name))
    .filter(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // whatever the reason, it is not one that could be run
  }
}
