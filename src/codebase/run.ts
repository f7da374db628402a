import { spawn } from 'node:child_process';
import { withoutSecrets } from '../domain/mask.ts';

/** A system user to run as; only root can choose one. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface Run {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All variables; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly user?: SystemUser;
  /** Ends the program and all it started. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Replaced by stars wherever the program prints them. */
  readonly secrets?: readonly string[];
}

export interface Ran {
  readonly ok: boolean;
  readonly code: number | null;
  readonly lastLines: string[];
  readonly ms: number;
}

/** A traceback with its cause fits; a chatty migration of a thousand lines does not fill anybody's memory. */
const KEPT_BYTES = 64 * 1024;
const KEPT_LINES = 40;

/**
 * Runs a program to its end and keeps the end of its output, both streams as one. Never throws for what the program
 * does: a program that cannot start, fails, or takes too long is `ok: false` with a line that says so.
 * @throws the signal's reason when it aborts
 */
export async function run(what: Run): Promise<Ran> {
  what.signal?.throwIfAborted();
  const began = performance.now();
  let kept = Buffer.alloc(0);
  let note: string | null = null;
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(what.file, what.args, {
      cwd: what.cwd,
      env: { ...what.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it started ends with it.
      detached: true,
      ...what.user,
    });
    const end = (why: string | null) => {
      note ??= why;
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    };
    const timer = setTimeout(
      () => end(`(ended after ${Math.round(what.timeoutMs / 1000)} s, its time limit)`),
      what.timeoutMs,
    );
    const abort = () => end('(cancelled)');
    what.signal?.addEventListener('abort', abort, { once: true });
    const keep = (chunk: Buffer) => {
      kept = Buffer.concat([kept, chunk]).subarray(-KEPT_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const done = (exit: number | null) => {
      clearTimeout(timer);
      what.signal?.removeEventListener('abort', abort);
      resolve(exit);
    };
    child.on('error', (error) => {
      note = `(could not start ${what.file}: ${error.message})`;
      done(null);
    });
    child.on('exit', (_, killer) => {
      if (killer) note ??= `(ended by ${killer})`;
      // A daemon left behind would keep the pipes open, and `close` would never come.
      end(note);
    });
    child.on('close', done);
  });
  what.signal?.throwIfAborted();
  const lines = withoutSecrets(kept.toString('utf8'), what.secrets ?? [])
    .trimEnd()
    .split(/\r?\n/)
    .slice(-KEPT_LINES);
  if (lines.length === 1 && lines[0] === '') lines.pop();
  if (note) lines.push(note);
  return { ok: code === 0 && note === null, code, lastLines: lines, ms: performance.now() - began };
}
