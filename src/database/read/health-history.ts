import { inflateSync } from 'node:zlib';
import type { HistoryPoint } from '../../domain/resources/health.ts';
import type { RollupStep } from '../../domain/rollup.ts';
import { unpackSweep } from '../../domain/sweep-pack.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

export interface HistoryRange {
  readonly hostname: string;
  readonly container?: string | undefined;
  readonly from: Date;
  readonly to: Date;
}

/** One point a sweep: each is unpacked for this one hostname, so callers bound the range. */
export async function readRawHistory(db: Queryable, { hostname, container, from, to }: HistoryRange): Promise<HistoryPoint[]> {
  const { rows } = await translated(db.query<{ at: Date; container: string; packed: Buffer; index: number }>(
    `with list as materialized (
       select hash, array_position(hostnames, $1) - 1 as index from sweep_names
         where hash in (select distinct names from sweep where slot >= $3 and slot < $4 and ($2::text is null or container = $2)))
     select s.slot as at, s.container, s.packed, l.index from sweep s join list l on l.hash = s.names and l.index is not null
       where s.slot >= $3 and s.slot < $4 and ($2::text is null or s.container = $2) order by s.slot, s.container`,
    [hostname, container ?? null, from, to]));
  return rows.map(({ at, container: within, packed, index }) => {
    const { verdict, outcome, status, ms } = unpackSweep(inflateSync(packed)).at(index);
    const probed = outcome !== 'unknown';
    const latency = probed && outcome !== 'bad' ? ms : null;
    return {
      at: at.toISOString(), container: within, probes: probed ? 1 : 0, failures: outcome === 'bad' ? 1 : 0, verdict, status,
      latencyP50: latency, latencyP95: latency, latencyMax: latency,
    };
  });
}

type RollupRow = Omit<HistoryPoint, 'at' | 'verdict' | 'status'> & { at: Date };

/** One point a bucket and container. */
export async function readRollups(db: Queryable, step: RollupStep, { hostname, container, from, to }: HistoryRange): Promise<HistoryPoint[]> {
  const { rows } = await translated(db.query<RollupRow>(
    `select bucket as at, container, probes, failures, latency_p50 as "latencyP50", latency_p95 as "latencyP95", latency_max as "latencyMax"
       from rollup where step = $5 and hostname = $1 and ($2::text is null or container = $2) and bucket >= $3 and bucket < $4
       order by bucket, container`, [hostname, container ?? null, from, to, step]));
  return rows.map((row) => ({ ...row, at: row.at.toISOString(), verdict: null, status: null }));
}
