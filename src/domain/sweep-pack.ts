/**
 * A sweep's answers as bytes, one column after the other so that they compress well. Pure; compressing is done where
 * it is stored.
 *
 *   byte 0           1: the version of this shape
 *   bytes 1–4        how many, n, little-endian like all of it
 *   n bytes          bits 0–1 verdict, 2–3 outcome, 4 kind (1: routed)
 *   n × 2 bytes      status; 0 where nothing answered
 *   n × 2 bytes      latency in fifths of a millisecond, at most 13.1 s
 */
import type { ProbeKind } from './probe.ts';
import type { Outcome, Verdict } from './verdict.ts';

export interface PackedAnswer {
  readonly verdict: Verdict;
  readonly outcome: Outcome;
  readonly kind: ProbeKind;
  /** Null when nothing answered. */
  readonly status: number | null;
  readonly ms: number;
}

const VERSION = 1;
const HEAD = 5;
const VERDICTS: readonly Verdict[] = ['unknown', 'up', 'slow', 'down'];
const OUTCOMES: readonly Outcome[] = ['unknown', 'well', 'slow', 'bad'];
const STEPS_PER_MS = 5;
const MOST = 0xffff;

export function packSweep(answers: readonly PackedAnswer[]): Uint8Array {
  const n = answers.length;
  const bytes = new Uint8Array(HEAD + 5 * n);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint32(1, n, true);
  answers.forEach(({ verdict, outcome, kind, status, ms }, i) => {
    bytes[HEAD + i] = VERDICTS.indexOf(verdict) | (OUTCOMES.indexOf(outcome) << 2) | (kind === 'routed' ? 16 : 0);
    view.setUint16(HEAD + n + 2 * i, status ?? 0, true);
    view.setUint16(HEAD + 3 * n + 2 * i, Math.min(MOST, Math.round(ms * STEPS_PER_MS)), true);
  });
  return bytes;
}

export interface PackedSweep {
  readonly count: number;
  at(index: number): PackedAnswer;
}

/** @throws RangeError when the bytes are of another version or length */
export function unpackSweep(bytes: Uint8Array): PackedSweep {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >= HEAD && view.getUint8(0) === VERSION ? view.getUint32(1, true) : -1;
  if (bytes.length !== HEAD + 5 * count) throw new RangeError('these are not the bytes of a sweep');
  return {
    count,
    at(i) {
      const flags = bytes[HEAD + i]!;
      const status = view.getUint16(HEAD + count + 2 * i, true);
      return {
        verdict: VERDICTS[flags & 3]!, outcome: OUTCOMES[(flags >> 2) & 3]!, kind: flags & 16 ? 'routed' : 'deep',
        status: status === 0 ? null : status, ms: view.getUint16(HEAD + 3 * count + 2 * i, true) / STEPS_PER_MS,
      };
    },
  };
}
