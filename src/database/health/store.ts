import { deflateSync } from 'node:zlib';
import type { ProbeKind } from '../../domain/probe.ts';
import type { Standing, Verdict } from '../../domain/verdict.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';
import { PROBE_COLUMN_TYPES, probeColumns } from './columns.ts';

/** A hostname in a container, as its last probe that said something new left it. */
export interface LatestProbe {
  readonly hostname: string;
  readonly site: string;
  readonly kind: ProbeKind;
  readonly status: number | null;
  readonly ms: number;
  readonly answeredBy: string | null;
  readonly reason: string | null;
  readonly standing: Standing;
  /** ms. */
  readonly at: number;
}

export interface SweepRow {
  /** The start of its slot, ms. */
  readonly slot: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly intervalSeconds: number;
  readonly hostnames: number;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** A hash of the list of hostnames. */
  readonly names: string;
}

/**
 * `kept`: that slot's sweep is there already. `late`: kept for the history alone, no verdict changed. `names`: nothing
 * was written, the list of hostnames is not known yet.
 */
export type Stored = 'stored' | 'kept' | 'late' | 'names';

export interface Storing {
  readonly container: string;
  readonly incarnation: number;
  readonly sweep: SweepRow;
  /** Compressed (`compressed`); null for what suspects answered after the sweep. */
  readonly packed: Buffer | null;
  readonly names: readonly string[] | null;
  readonly changed: readonly LatestProbe[];
}

const STORE = `select store_sweep($1, $2, $3, $4, $5, ${PROBE_COLUMN_TYPES.map((type, i) => `$${i + 6}::${type}`).join(', ')}) as stored`;

/** @throws ReeveError `conflict` when that incarnation is over; `unavailable` */
export async function storeSweep(pool: Queryable, { container, incarnation, sweep, packed, names, changed }: Storing): Promise<Stored> {
  const { slot, startedAt, endedAt, intervalSeconds, hostnames, counts } = sweep;
  const body = {
    slot: iso(slot), startedAt: iso(startedAt), endedAt: iso(endedAt), intervalSeconds, hostnames, ...counts, names: sweep.names,
  };
  const { rows } = await translated(pool.query<{ stored: Stored }>(STORE,
    [container, incarnation, JSON.stringify(body), packed, names, ...probeColumns(changed)]));
  return rows[0]!.stored;
}

interface LatestRow {
  hostname: string; site: string; verdict: Verdict; kind: ProbeKind; status: number | null; latency_ms: number | null;
  answered_by: string | null; reason: string | null; failures: number; first_failed_at: Date | null; successes: number; at: Date; since: Date;
}

/** What this incarnation has stored of its hostnames: an agent that starts again goes on from there. */
export async function readLatest(pool: Queryable, container: string, incarnation: number): Promise<LatestProbe[]> {
  const { rows } = await translated(pool.query<LatestRow>(
    'select * from latest_probe_v1 where container = $1 and incarnation = $2', [container, incarnation]));
  return rows.map((row) => ({
    hostname: row.hostname, site: row.site, kind: row.kind, status: row.status, ms: row.latency_ms ?? 0, answeredBy: row.answered_by,
    reason: row.reason, at: row.at.getTime(), standing: {
      verdict: row.verdict, since: row.since.getTime(), failures: row.failures, successes: row.successes,
      firstFailedAt: row.first_failed_at?.getTime() ?? null,
    },
  }));
}

/** Level 1: latencies hardly compress at any level, and the rest does at each. */
export function compressed(packed: Uint8Array): Buffer {
  return deflateSync(packed, { level: 1 });
}

const iso = (at: number) => new Date(at).toISOString();
