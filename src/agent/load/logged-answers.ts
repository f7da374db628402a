/** Visitors' requests by how they were answered, counted in nginx's log. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** How far a log has been read; another inode is another file (it was rotated). */
export interface LogPlace {
  readonly inode: number;
  readonly offset: number;
}

/** `none`: the visitor was gone before there was an answer. */
export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx', 'none'] as const;
export type Answers = Readonly<Record<(typeof STATUS_CLASSES)[number], number>>;

const CHUNK = 1 << 18;
/** After this much the rest is reckoned: counting must not cost more than serving did. */
const COUNTED = 1 << 24;
const NEWLINE = 10;
const ZERO = 48;
/** As the log's format writes it (templates/nginx): what a visitor sends has its quotes escaped, and cannot look like it. */
const STATUS = Buffer.from('"status":');

/** Answers added to a log since `from`, none when it is read for the first time; null where there is no log. */
export function appendedAnswers(file: string, from: LogPlace | null): { answers: Answers; at: LogPlace } | null {
  const opened = tryOpen(file);
  if (!opened) return null;
  const { log, inode, size } = opened;
  const counts = { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, none: 0 };
  try {
    if (from === null) return { answers: counts, at: { inode, offset: size } };
    const goesOn = from.inode === inode && from.offset <= size;
    if (!goesOn) countRest(`${file}.1`, from, counts);
    return { answers: counts, at: { inode, offset: count(log, goesOn ? from.offset : 0, size, counts) } };
  } finally {
    closeSync(log);
  }
}

type Counts = { -readonly [Class in keyof Answers]: number };

/** What was added to the old file before it was rotated. */
function countRest(rotated: string, from: LogPlace, counts: Counts): void {
  const opened = tryOpen(rotated);
  if (!opened) return;
  if (opened.inode === from.inode) count(opened.log, from.offset, opened.size, counts);
  closeSync(opened.log);
}

/** Count whole lines. @returns where the next look goes on */
function count(log: number, start: number, size: number, counts: Counts): number {
  const end = Math.min(size, start + COUNTED);
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, end - start)));
  const seen = { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, none: 0 };
  let offset = start;
  while (offset < end) {
    const length = readSync(log, chunk, 0, Math.min(chunk.length, end - offset), offset);
    const whole = length === 0 ? 0 : chunk.lastIndexOf(NEWLINE, length - 1) + 1;
    if (whole === 0) break;
    for (let i = chunk.indexOf(STATUS); i !== -1 && i < whole; i = chunk.indexOf(STATUS, i + STATUS.length)) {
      seen[classOf(chunk[i + STATUS.length]! - ZERO)] += 1;
    }
    offset += whole;
  }
  const isReckoned = end < size && offset > start;
  for (const each of STATUS_CLASSES) counts[each] += isReckoned ? Math.round((seen[each] * (size - start)) / (offset - start)) : seen[each];
  return isReckoned ? size : offset;
}

function classOf(hundreds: number): keyof Answers {
  return hundreds >= 2 && hundreds <= 5 ? `${hundreds as 2 | 3 | 4 | 5}xx` : 'none';
}

function tryOpen(file: string): { log: number; inode: number; size: number } | null {
  try {
    const log = openSync(file, 'r');
    const { ino: inode, size } = fstatSync(log);
    return { log, inode, size };
  } catch {
    return null;
  }
}
