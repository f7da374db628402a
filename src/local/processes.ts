import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { ReeveError } from '../domain/errors.ts';
import { childEnvironment } from './environment.ts';
import { startGuard } from './guard.ts';
import { endLeftovers, endProcess, type ProcessRecord, removeRecord, writeRecord } from './leftovers.ts';
import { openLog } from './log-file.ts';
import { identify, type ProcessIdentity } from '../process/identity.ts';

export interface ProcessSpec {
  /** Names the record and the log, `<name>.log`; `[A-Za-z0-9._-]`, unique among those that run. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** In addition to this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** SIGTERM unless given. */
  readonly stopSignal?: NodeJS.Signals;
  /** Milliseconds between that and SIGKILL; 10,000 unless given. */
  readonly grace?: number;
  /** Start it again when it ends by itself: yes unless given. */
  readonly restart?: boolean;
}

export type ProcessEvent =
  | { readonly type: 'started'; readonly name: string; readonly pid: number }
  | {
      readonly type: 'ended';
      readonly name: string;
      /** Null where it could not be started at all. */
      readonly pid: number | null;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      /** Milliseconds until it is started again; null where it is not. */
      readonly again: number | null;
    };

/** A server that is ready later than this, after what it has to recover, is not coming up. */
export const READY_WITHIN_MS = 60_000;

export interface ManagedProcess {
  readonly name: string;
  readonly logFile: string;
  /** Of the one that runs now; null between two. */
  readonly pid: number | null;
  /** How often it ended by itself. */
  readonly ends: number;
  /** Ends it for good, and waits until it is gone. */
  stop(): Promise<void>;
  /** Ends the one that runs and starts it anew, without counting it as a failure. */
  restart(): Promise<void>;
}

export interface Processes {
  /**
   * Starts a child that leads its own process group: Ctrl-C in the terminal does not reach it, `stopAll` does.
   * @throws ReeveError `unavailable` after `stopAll`: a start that is cut short may still be on its way here
   */
  start(spec: ProcessSpec): ManagedProcess;
  /** Stops all, last started first; nothing is started any more. */
  stopAll(): Promise<void>;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran this long is taken for well: its next end is answered without a pause again. */
const WELL_AFTER_MS = 30_000;

/**
 * Children of this process: kept alive with a growing pause, logged, stopped in order. What an earlier, killed
 * parent left on record in `recordsDir` is ended first. While any run, a guard ends them should this process be
 * killed.
 */
export async function createProcesses(options: {
  recordsDir: string;
  logsDir: string;
  onEvent?: (event: ProcessEvent) => void;
}): Promise<Processes> {
  await endLeftovers(options.recordsDir);
  const running: KeptProcess[] = [];
  let guard: ChildProcess | undefined;
  let stopped = false;
  return {
    start(spec) {
      if (stopped) throw new ReeveError('unavailable', `${spec.name} is not started: all is being stopped`);
      guard ??= startGuard(options.recordsDir);
      const kept = new KeptProcess(spec, options.recordsDir, join(options.logsDir, `${spec.name}.log`), options.onEvent);
      running.push(kept);
      return kept;
    },
    async stopAll() {
      stopped = true;
      for (const kept of running.splice(0).reverse()) await kept.stop();
      guard?.stdin?.end();
      guard = undefined;
    },
  };
}

const SELF = identify(process.pid) as ProcessIdentity;

let started = 0;

class KeptProcess implements ManagedProcess {
  readonly name: string;
  readonly logFile: string;
  ends = 0;
  readonly #spec: ProcessSpec;
  readonly #recordsDir: string;
  readonly #onEvent: ((event: ProcessEvent) => void) | undefined;
  readonly #order: number;
  /** The one that runs, and its record; the end of any other is old news. */
  #child: ChildProcess | null = null;
  #record: ProcessRecord | null = null;
  #pause = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(spec: ProcessSpec, recordsDir: string, logFile: string, onEvent?: (event: ProcessEvent) => void) {
    this.name = spec.name;
    this.logFile = logFile;
    this.#spec = spec;
    this.#recordsDir = recordsDir;
    this.#onEvent = onEvent;
    started += 1;
    this.#order = started;
    this.#launch();
  }

  get pid(): number | null {
    return this.#record?.pid ?? null;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#child = null;
    if (this.#record) await endProcess(this.#record);
    this.#forget();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#launch();
  }

  #launch(): void {
    const { command, args, cwd, uid, gid, env } = this.#spec;
    const log = openLog(this.logFile);
    const begun = Date.now();
    const child = spawn(command, args, {
      cwd: cwd ?? '/',
      env: childEnvironment(env),
      uid,
      gid,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    child.once('error', () => this.#ended(child, begun, null, null)); // it could not be started
    child.once('exit', (code, signal) => this.#ended(child, begun, code, signal));
    if (child.pid === undefined) return;
    const identity = identify(child.pid);
    if (identity) this.#remember(identity);
    this.#onEvent?.({ type: 'started', name: this.name, pid: child.pid });
  }

  #remember(identity: { pid: number; start: string }): void {
    const { stopSignal = 'SIGTERM', grace = 10_000 } = this.#spec;
    this.#record = { ...identity, name: this.name, parent: SELF, stopSignal, grace, order: this.#order };
    writeRecord(this.#recordsDir, this.#record);
  }

  #forget(): void {
    if (this.#record) removeRecord(this.#recordsDir, this.#record);
    this.#record = null;
  }

  #ended(child: ChildProcess, begun: number, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#forget();
    this.ends += 1;
    if (Date.now() - begun > WELL_AFTER_MS) this.#pause = FIRST_PAUSE_MS;
    const again = this.#spec.restart === false ? null : this.#pause;
    this.#onEvent?.({ type: 'ended', name: this.name, pid: child.pid ?? null, code, signal, again });
    if (again === null) return;
    this.#timer = setTimeout(() => this.#launch(), again);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }
}
