/** Rollups of what sweeps found: made once a bucket is over, and anew where a sweep came late. */
import { inflateSync } from 'node:zlib';
import { type Rollup, type RollupStep, rollUp, STEP_MS } from '../../domain/rollup.ts';
import { unpackSweep } from '../../domain/sweep-pack.ts';
import { type Client, type Pool, transaction } from '../pool.ts';

/** The last sweep of a bucket is stored within this after the bucket's end; a later one has its bucket made anew. */
const GRACE_MS = 60_000;
const SWEEPS_KEPT = `interval '48 hours'`;

/**
 * Roll up every bucket that is over and was touched since the last time. Several control workers may try: one does it.
 * @returns how many buckets of how many containers were made
 */
export async function rollUpSweeps(pool: Pool, step: RollupStep): Promise<number> {
  return await transaction(pool, 'begin', async (client) => {
    const { rows: [mark] } = await client.query<{ stored_before: Date | null; now: Date }>(
      `select case when isfinite(stored_before) then stored_before end as stored_before, clock_timestamp() as now
         from rollup_mark where step = $1 for update skip locked`, [step]);
    if (!mark) return 0;
    const length = STEP_MS[step];
    // The bucket that is under way, less the grace: every one before it is over.
    const open = Math.floor((mark.now.getTime() - GRACE_MS) / length) * length;
    const upTo = new Date(open + GRACE_MS);
    const from = mark.stored_before;
    if (from && from >= upTo) return 0;
    const buckets = await touched(client, length, from, upTo, new Date(open));
    for (const { container, bucket } of buckets) await rollUpOne(client, step, container, bucket);
    await client.query('update rollup_mark set stored_before = $2 where step = $1', [step, upTo]);
    return buckets.length;
  });
}

/**
 * Buckets before `open` with a sweep that was stored since `from`. What was stored in the grace before `from` belongs
 * either to a bucket that was over then, and was rolled up, or to the one that was under way, and was not.
 */
async function touched(client: Client, length: number, from: Date | null, upTo: Date, open: Date) {
  const { rows } = await client.query<{ container: string; bucket: Date }>(
    `select distinct container, date_bin(make_interval(secs => $1), slot, 'epoch') as bucket from sweep
       where slot > clock_timestamp() - ${SWEEPS_KEPT} and slot < $4 and stored_at < $3
         and ($2::timestamptz is null or stored_at >= $2
           or (stored_at >= $2::timestamptz - make_interval(secs => $5) and slot >= $2::timestamptz - make_interval(secs => $5)))
       order by 2, 1`, [length / 1_000, from, upTo, open, GRACE_MS / 1_000]);
  return rows;
}

async function rollUpOne(client: Client, step: RollupStep, container: string, bucket: Date): Promise<void> {
  const { rows: sweeps } = await client.query<{ names: string; packed: Buffer }>(
    'select names, packed from sweep where container = $1 and slot >= $2 and slot < $3',
    [container, bucket, new Date(bucket.getTime() + STEP_MS[step])]);
  const { rows: lists } = await client.query<{ hash: string; hostnames: string[] }>(
    'select hash, hostnames from sweep_names where hash = any($1)', [[...new Set(sweeps.map(({ names }) => names))]]);
  const listOf = new Map(lists.map(({ hash, hostnames }) => [hash, hostnames]));
  const rollups = rollUp(sweeps.flatMap(({ names, packed }) => {
    const list = listOf.get(names);
    return list ? [{ names: list, answers: unpackSweep(inflateSync(packed)) }] : [];
  }));
  await write(client, step, container, bucket, rollups);
}

async function write(client: Client, step: RollupStep, container: string, bucket: Date, rollups: readonly Rollup[]): Promise<void> {
  await client.query('select make_health_partition($1, $2)', [`rollup_${step}`, bucket]);
  await client.query(
    `insert into rollup (step, bucket, hostname, container, probes, failures, latency_p50, latency_p95, latency_max)
       select $1, $2, hostname, $3, probes, failures, p50, p95, highest
         from unnest($4::text[], $5::int[], $6::int[], $7::real[], $8::real[], $9::real[])
           as given (hostname, probes, failures, p50, p95, highest)
       on conflict (step, bucket, hostname, container) do update set probes = excluded.probes, failures = excluded.failures,
         latency_p50 = excluded.latency_p50, latency_p95 = excluded.latency_p95, latency_max = excluded.latency_max`,
    [step, bucket, container, rollups.map((r) => r.hostname), rollups.map((r) => r.probes), rollups.map((r) => r.failures),
      rollups.map((r) => r.p50), rollups.map((r) => r.p95), rollups.map((r) => r.max)]);
}
