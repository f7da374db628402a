/** The real program as a child process, as people and scripts start it. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../src/bin/reeve.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves with all of stderr so far once it matches; rejects when the program ends before. */
  stderrMatches(pattern: RegExp): Promise<string>;
  stdoutMatches(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Writes what is piped in, where it was not given at the start, and ends it. */
  pipe(text: string): void;
}

/** A home in which nothing was ever started. */
export const EMPTY_HOME = mkdtempSync(join(tmpdir(), 'reeve-test-cli-'));
// As root a home has to be one that other users can get to.
chmodSync(EMPTY_HOME, 0o711);
after(() => rmSync(EMPTY_HOME, { recursive: true, force: true }));

/** Starts `reeve …` with nothing of this shell's own connection. @param stdin null: what `pipe` is given */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, stdin: string | null = ''): Running {
  const { REEVE_API: _, REEVE_TOKEN: __, NO_COLOR: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args], {
    // NODE_COMPILE_CACHE stays, as `npm test` has it: what is compiled at each start is half of what a command costs.
    env: { ...inherited, REEVE_HOME: EMPTY_HOME, XDG_CONFIG_HOME: join(EMPTY_HOME, 'config'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const watch of watchers) watch();
    });
  }
  child.stdin.on('error', () => {}); // it may end before it has read everything
  const pipe = (text: string) => void child.stdin.end(text);
  if (stdin !== null) pipe(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...text }));
  });
  const matches = (name: 'stdout' | 'stderr') => (pattern: RegExp) => new Promise<string>((resolve, reject) => {
    const watch = () => {
      if (!pattern.test(text[name])) return;
      watchers.delete(watch);
      resolve(text[name]);
    };
    watchers.add(watch);
    watch();
    ended.then((end) => reject(new Error(`it ended (${end.code}) before ${name} matched ${pattern}:\n${end.stdout}\n${end.stderr}`)), reject);
  });
  return { ended, stderrMatches: matches('stderr'), stdoutMatches: matches('stdout'), kill: (signal) => void child.kill(signal), pipe };
}

/** Runs `reeve …` to its end. */
export function reeve(args: readonly string[], env: Readonly<Record<string, string>> = {}, stdin?: string): Promise<Ended> {
  return start(args, env, stdin).ended;
}
