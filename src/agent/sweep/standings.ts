/** How every hostname stands in this container, and what of it Postgres has not been told yet. */
import type { LatestProbe } from '../../database/health/store.ts';
import type { SweepTarget } from '../../domain/probe.ts';
import { isSuspect, judged, unheard, type Verdict, type VerdictRules } from '../../domain/verdict.ts';
import type { Probed } from './round.ts';

export interface Standings {
  /** Take over what was stored of these targets before this agent started; what it has heard itself counts more. */
  recall(rows: readonly LatestProbe[]): void;
  /** From now on these are asked: forget hostnames that are gone, or are another site's now. */
  keepOnly(targets: readonly SweepTarget[]): void;
  /** What was not asked says nothing, and leaves all as it was. @returns how many verdicts changed */
  hear(probed: readonly Probed[], rules: VerdictRules): number;
  get(hostname: string): LatestProbe | undefined;
  /** Those that are nearest to a verdict first. */
  suspects(among: readonly SweepTarget[]): SweepTarget[];
  /** Of the targets: what was never heard of is `unknown`. */
  counts(): Record<Verdict, number>;
  unstored(): LatestProbe[];
  /** These have arrived; one that has changed since then is still to be told. */
  markStored(rows: readonly LatestProbe[]): void;
}

export function createStandings(): Standings {
  const known = new Map<string, LatestProbe>();
  const unstored = new Map<string, LatestProbe>();
  /** Hostname to site. */
  let targets: ReadonlyMap<string, string> = new Map();

  function put(row: LatestProbe): void {
    known.set(row.hostname, row);
    unstored.set(row.hostname, row);
  }

  return {
    recall(rows) {
      for (const row of rows) if (targets.get(row.hostname) === row.site && !known.has(row.hostname)) known.set(row.hostname, row);
    },
    keepOnly(wanted) {
      targets = new Map(wanted.map(({ hostname, site }) => [hostname, site]));
      for (const [hostname, { site }] of known) {
        if (targets.get(hostname) === site) continue;
        known.delete(hostname);
        unstored.delete(hostname);
      }
    },
    hear(probed, rules) {
      let changes = 0;
      for (const { target, outcome, status, ms, answeredBy, reason, at } of probed) {
        if (outcome === 'unknown') continue;
        const before = known.get(target.hostname);
        const was = before?.standing ?? unheard(at);
        const standing = judged(was, outcome, at, rules);
        if (standing.verdict !== was.verdict) changes += 1;
        const isNews = !before || standing !== was || before.status !== status || before.answeredBy !== answeredBy
          || before.reason !== reason || before.kind !== target.kind;
        if (isNews) put({ hostname: target.hostname, site: target.site, kind: target.kind, status, ms, answeredBy, reason, standing, at });
      }
      return changes;
    },
    get: (hostname) => known.get(hostname),
    suspects(among) {
      const heard = ({ hostname }: SweepTarget) => { const { failures, successes } = known.get(hostname)!.standing; return failures + successes; };
      return among.filter(({ hostname }) => known.has(hostname) && isSuspect(known.get(hostname)!.standing)).sort((a, b) => heard(b) - heard(a));
    },
    counts() {
      const counts = { up: 0, slow: 0, down: 0, unknown: targets.size - known.size };
      for (const { standing } of known.values()) counts[standing.verdict] += 1;
      return counts;
    },
    unstored: () => [...unstored.values()],
    markStored(rows) {
      for (const row of rows) if (unstored.get(row.hostname) === row) unstored.delete(row.hostname);
    },
  };
}
