/**
 * The last accepted desired state, on disk, so that a container serves with Postgres away. `state.json` is whole and
 * replaced by rename; `state.log` gets one line a change, since writing 10,000 sites anew costs 60 ms and a line well
 * under one. Both carry checksums: a torn tail, or a file that someone edited, counts for nothing.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Desired } from '../../domain/desired.ts';
import { compareGenerations } from '../../domain/generation.ts';
import { type Layout, places } from '../../domain/layout.ts';
import { replaceFile } from '../files/atomic.ts';
import type { Touched } from '../../render/remembered.ts';
import { applyDeltas, type Delta, difference, fromWhole, touchedBy, toWhole, type Whole } from './delta.ts';

/** Folded when the log grew beyond this; reading it at the start must stay cheap beside state.json. */
const LOG_LIMIT_BYTES = 4 * 1024 * 1024;

const checksum = (text: string) => createHash('sha256').update(text).digest('hex');
const HEAD = (sum: string) => `{"sha256":"${sum}","state":`;
const HEAD_LENGTH = HEAD('0'.repeat(64)).length;

export interface LastKnownGood {
  /** Null when there is none, or none whose checksum holds. */
  load(): Desired | null;
  /** Keep `after` durably; `before` is what was kept last. Returns when it would survive a power cut. */
  save(before: Desired | null, after: Desired): void;
  /** Whether `fold` is due: done when there is nothing else to do. */
  wantsFolding(): boolean;
  fold(current: Desired): void;
  /** When anything was kept last, ms; null when nothing is. */
  savedAt(): number | null;
  /** Remove all that is kept. */
  forget(): void;
  /** Names the state that is kept now, by its contents. */
  mark(): string;
  /** What was loaded that is other than at `mark`; null when that is not known, or all may be. */
  touchedSince(mark: string): Touched | null;
}

export function lastKnownGood(layout: Layout): LastKnownGood {
  const file = places.stateFile(layout);
  const log = places.stateLog(layout);
  let loggedBytes = 0;
  let base = '';
  let last = '';
  let loaded: readonly Logged[] = [];

  function writeWhole(desired: Desired): void {
    const body = JSON.stringify(toWhole(desired));
    const sum = checksum(body);
    replaceFile(file, `${HEAD(sum)}${body}}\n`, { mode: 0o600, durable: true });
    base = sum;
    last = '';
    // A log whose lines are older than the file is passed over when read: dying between the two is harmless.
    truncate(log, 0);
    loggedBytes = 0;
  }

  return {
    load() {
      const whole = readWhole(file);
      if (!whole) return null;
      const { deltas, bytes } = readLog(log);
      truncate(log, bytes);
      loggedBytes = bytes;
      base = whole.sum;
      loaded = deltas.filter(({ delta }) => compareGenerations(delta, whole.desired) > 0);
      last = loaded.at(-1)?.sum ?? '';
      return applyDeltas(whole.desired, loaded.map(({ delta }) => delta));
    },
    save(before, after) {
      if (!before || before.epoch !== after.epoch) return writeWhole(after);
      const body = JSON.stringify(difference(before, after));
      const sum = checksum(body);
      loggedBytes += append(log, `${sum} ${body}\n`);
      last = sum;
    },
    savedAt() {
      const times = [file, log].flatMap((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? []);
      return times.length === 0 ? null : Math.max(...times);
    },
    forget() {
      for (const path of [file, log]) rmSync(path, { force: true });
    },
    mark: () => `${base}/${last}`,
    touchedSince(mark) {
      const [whole, line] = mark.split('/');
      const at = line === '' ? 0 : loaded.findIndex(({ sum }) => sum === line) + 1;
      if (whole !== base || (line !== '' && at === 0)) return null;
      return touchedBy(loaded.slice(at).map(({ delta }) => delta));
    },
    wantsFolding: () => loggedBytes > LOG_LIMIT_BYTES,
    fold: writeWhole,
  };
}

interface Logged {
  readonly sum: string;
  readonly delta: Delta;
}

function readWhole(file: string): { readonly desired: Desired; readonly sum: string } | null {
  try {
    const text = readFileSync(file, 'utf8').trimEnd();
    const body = text.slice(HEAD_LENGTH, -1);
    const sum = checksum(body);
    if (text.slice(0, HEAD_LENGTH) !== HEAD(sum)) return null;
    return { desired: fromWhole(JSON.parse(body) as Whole), sum };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The lines up to the first whose checksum does not hold, and how many bytes they take. */
function readLog(file: string): { deltas: Logged[]; bytes: number } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { deltas: [], bytes: 0 };
  }
  const deltas: Logged[] = [];
  let bytes = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    const body = line.slice(65);
    const sum = line.slice(0, 64);
    if (sum !== checksum(body)) break;
    deltas.push({ sum, delta: JSON.parse(body) as Delta });
    bytes += Buffer.byteLength(line) + 1;
  }
  return { deltas, bytes };
}

function append(file: string, line: string): number {
  const fd = openSync(file, 'a', 0o600);
  try {
    const start = statSync(file).size;
    const bytes = Buffer.from(line);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } catch (error) {
      // A full disk leaves half a line: without it the next one can be appended.
      ftruncateSync(fd, start);
      throw error;
    }
    return bytes.length;
  } finally {
    closeSync(fd);
  }
}

function truncate(file: string, bytes: number): void {
  if (statSync(file, { throwIfNoEntry: false })?.size === bytes) return;
  const fd = openSync(file, 'a', 0o600);
  try {
    if (statSync(file).size !== bytes) ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
