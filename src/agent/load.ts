/** What this container carries: its processes, asked of the kernel, and its visitors, counted in nginx's log. */
import { availableParallelism, totalmem } from 'node:os';
import type { Load, VassalCounts } from '../domain/observed.ts';
import { type Answers, appendedAnswers, type LogPlace } from './load/logged-answers.ts';
import { type ProcessUse, useOfTree } from './load/process-tree.ts';

/** Shorter than this says more of one request than of the load. */
const LEAST_MS = 10_000;

export interface LoadMeter {
  /** The newest measure; the first one has only what needs no time to pass. */
  read(vassals: VassalCounts): Load;
}

export interface LoadSources {
  readonly now: () => number;
  /** Null where the system does not say. */
  readonly use: () => ProcessUse | null;
  /** What was answered since `from`; null where there is no log. */
  readonly answers: (from: LogPlace | null) => { readonly answers: Answers; readonly at: LogPlace } | null;
  readonly cores: number;
  /** Bytes that it may use. */
  readonly memory: number;
}

/** @param onAnswers told what each look has counted */
export function createLoadMeter(sources: LoadSources, onAnswers: (answers: Answers) => void = () => {}): LoadMeter {
  let before: { at: number; use: ProcessUse | null; log: LogPlace | null } | null = null;
  let latest: Omit<Load, 'awake'> = { cpu: null, memory: null, requests: null };

  function measure(): void {
    const at = sources.now();
    if (before && at - before.at < LEAST_MS) return;
    const use = sources.use();
    const counted = sources.answers(before?.log ?? null);
    if (counted) onAnswers(counted.answers);
    const seconds = before ? (at - before.at) / 1_000 : null;
    latest = {
      memory: use && share(use.memory / sources.memory),
      cpu: use && before?.use && seconds ? share(Math.max(0, use.cpuSeconds - before.use.cpuSeconds) / seconds / sources.cores) : null,
      requests: counted && before?.log && seconds ? round(sum(counted.answers) / seconds) : null,
    };
    before = { at, use, log: counted?.at ?? null };
  }

  return {
    read({ awake, starting }) {
      measure();
      return { ...latest, awake: awake + starting };
    },
  };
}

/** The meter of the container whose supervisor this is, and whose nginx writes that log. */
export function containerLoad(supervisor: number, accessLog: string, onAnswers: (answers: Answers) => void): LoadMeter {
  // 0 where no limit is set; a limit above what the machine has is none.
  const limit = process.constrainedMemory() ?? 0;
  return createLoadMeter({
    now: () => performance.now(),
    use: () => useOfTree(supervisor),
    answers: (from) => appendedAnswers(accessLog, from),
    cores: availableParallelism(),
    memory: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
  }, onAnswers);
}

/** Fine enough to decide by, and coarse enough that an idle container has nothing new to say. */
const round = (value: number) => Math.round(value * 100) / 100;
const sum = (answers: Answers) => Object.values(answers).reduce((total, one) => total + one, 0);
const share = (value: number) => Math.min(1, round(value));
