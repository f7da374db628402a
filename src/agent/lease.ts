/** The container's word to the platform: that it lives, and what it serves. */
import { readFileSync } from 'node:fs';
import { isReeveError } from '../domain/errors.ts';
import type { ContainerRecord, ContainerWanted, Drift } from '../domain/observed.ts';
import { joinContainer, observeContainer, type Place } from '../database/container.ts';
import type { Pool } from '../database/pool.ts';
import { replaceFile } from './files/atomic.ts';
import { type Log, messageOf } from '../log.ts';

/** A lease lasts 15 s: two may be lost. */
const EVERY_MS = 5_000;
const LONGEST_WAIT_MS = 15_000;
/** More than this is not kept for a database that is away: the oldest count least. */
const DRIFT_KEPT = 1_000;

export interface Lease {
  /** 0 until the platform has been reached. */
  incarnation(): number;
  /** Hand over the newest record: sent with each renewal, and at once when it says something new, unless that passes. */
  report(record: ContainerRecord, isPassing?: boolean): void;
  /** False once the platform has said that this incarnation is over. */
  isCurrent(): boolean;
  /** Whether the container, of which only the agent restarted, was ready. */
  wasReady(): boolean;
  markReady(): void;
  /** Send what there is now; true when it arrived. */
  flush(): Promise<boolean>;
  close(): void;
}

export function createLease(options: {
  pool: Pool;
  container: string;
  /** Holds the incarnation, so that a restart of the agent alone keeps it. */
  file: string;
  place(): Place;
  log: Log;
  onJoined(incarnation: number): void;
  onWanted(wanted: ContainerWanted): void;
}): Lease {
  const { pool, container, file, log } = options;
  let joined = false;
  let { incarnation, ready } = readIncarnation(file);
  const wasReady = ready;
  let over = false;
  let latest: ContainerRecord | null = null;
  let sent = '';
  let drift: Drift[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<boolean> | null = null;
  let unsent = false;
  let failures = 0;
  let closed = false;

  function remember(): void {
    try {
      replaceFile(file, JSON.stringify({ incarnation, ready }), { mode: 0o600, durable: true });
    } catch (error) {
      // It goes on, and says why; were the agent to start anew before it can be written, its incarnation would be over.
      log.warn('the incarnation cannot be kept', { incarnation, error: messageOf(error) });
    }
  }

  async function send(): Promise<boolean> {
    unsent = false;
    try {
      if (!joined) {
        incarnation = await joinContainer(pool, container, incarnation, options.place());
        joined = true;
        over = false;
        remember();
        log.info('joined', { incarnation });
        options.onJoined(incarnation);
      }
      const carried = drift;
      const body = latest ? { ...latest, drift: carried } : {};
      const wanted = await observeContainer(pool, container, incarnation, body);
      if (latest) sent = JSON.stringify({ ...latest, drift: [] });
      drift = drift.slice(carried.length);
      if (failures > 0) log.info('the platform answers again', { was: 'away', failures });
      failures = 0;
      options.onWanted(wanted);
      return true;
    } catch (error) {
      over ||= isReeveError(error, 'conflict');
      if (failures++ === 0) {
        // A conflict says that this incarnation is over. It goes on serving: only "ended" ends it.
        log.warn('the platform did not take the record', {
          error: messageOf(error), over,
        });
      }
      return false;
    }
  }

  function trigger(): Promise<boolean> {
    if (sending) {
      unsent = true;
      return sending;
    }
    clearTimeout(timer);
    sending = send().finally(() => {
      sending = null;
      if (closed) return;
      if (unsent && failures === 0) void trigger();
      else timer = setTimeout(() => void trigger(), Math.min(LONGEST_WAIT_MS, EVERY_MS * 1.5 ** failures) * (0.8 + 0.2 * Math.random()));
    });
    return sending;
  }

  void trigger();
  return {
    incarnation: () => (joined ? incarnation : 0),
    report(record, isPassing = false) {
      drift = [...drift, ...record.drift].slice(-DRIFT_KEPT);
      latest = record;
      if (isPassing) return;
      if (drift.length > 0 || JSON.stringify({ ...record, drift: [] }) !== sent) if (failures === 0) void trigger();
    },
    isCurrent: () => !over,
    wasReady: () => wasReady,
    markReady() {
      ready = true;
      // Joining writes it as well, should it not have joined yet.
      if (joined) remember();
    },
    async flush() {
      if (sending) await sending;
      return await trigger();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function readIncarnation(file: string): { incarnation: number; ready: boolean } {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { incarnation: number; ready: boolean };
  } catch {
    return { incarnation: 0, ready: false };
  }
}
