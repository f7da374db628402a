/** What many probes of one hostname come to. Pure. */
import type { PackedSweep } from './sweep-pack.ts';

export type RollupStep = '5m' | '1h';
export const STEP_MS: Readonly<Record<RollupStep, number>> = { '5m': 300_000, '1h': 3_600_000 };

export interface Rollup {
  readonly hostname: string;
  /** Those that could be made. */
  readonly probes: number;
  readonly failures: number;
  /** Of the answers that were well, ms; null when there was none. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** The sweeps of one container in one bucket, each with its list of hostnames, as one line a hostname. */
export function rollUp(sweeps: readonly { readonly names: readonly string[]; readonly answers: PackedSweep }[]): Rollup[] {
  const seen = new Map<string, { probes: number; failures: number; latencies: number[] }>();
  for (const { names, answers } of sweeps) {
    for (let i = 0; i < answers.count; i += 1) {
      const { outcome, ms } = answers.at(i);
      if (outcome === 'unknown') continue;
      const one = seen.get(names[i]!) ?? { probes: 0, failures: 0, latencies: [] };
      if (one.probes === 0) seen.set(names[i]!, one);
      one.probes += 1;
      if (outcome === 'bad') one.failures += 1;
      else one.latencies.push(ms);
    }
  }
  return [...seen].map(([hostname, { probes, failures, latencies }]) => {
    latencies.sort((a, b) => a - b);
    return { hostname, probes, failures, p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95), max: latencies.at(-1) ?? null };
  });
}

/** The nearest rank: a value that was really measured. */
function quantile(sorted: readonly number[], q: number): number | null {
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}
