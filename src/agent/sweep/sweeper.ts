/**
 * The sweeps of one container. One a slot, whoever asks: the schedule by an activity, or, where nobody asked for two
 * intervals (Temporal is away), the agent itself. Between two sweeps, suspects are asked again.
 */
import { createHash } from 'node:crypto';
import { compressed, type SweepRow } from '../../database/health/store.ts';
import type { Desired } from '../../domain/desired.ts';
import { ReeveError } from '../../domain/errors.ts';
import { type HealthSettings, slotOf } from '../../domain/health-settings.ts';
import { type SweepTarget, sweepTargets } from '../../domain/probe.ts';
import { withDefaults } from '../../domain/settings.ts';
import { packSweep } from '../../domain/sweep-pack.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { type Log, messageOf } from '../../log.ts';
import type { Requester } from './request.ts';
import { probeAll, type Probed } from './round.ts';
import type { Standings } from './standings.ts';
import type { Fate, SweepStore } from './storing.ts';

/** Counts and the bad ones only: workflows hold no contents. */
export interface SweepSummary {
  /** ms. */
  readonly slot: number;
  readonly hostnames: number;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Hostnames that are down, at most 50. */
  readonly bad: readonly string[];
  readonly ms: number;
  readonly stored: Fate;
}

export interface Sweeper {
  /**
   * The sweep of that slot: done now, or the one that was done already.
   * @throws ReeveError `superseded` for a slot that is over, `unavailable` before any state is known
   */
  sweep(slot: number): Promise<SweepSummary>;
  close(): Promise<void>;
}

const MOST_BAD = 50;
/** How often to look whether something is due. */
const LOOK_MS = 500;
/** Suspects are few, or hang: what was not asked within this has the next round. */
const ASK_SUSPECTS_MS = 2_500;
/** Less is no clock that was set, but two that were read one after the other. */
const SET_BACK_MS = 1_000;

/** A sweep is over after two thirds of its interval, so that suspects are asked between two; but a third of it always asks. */
const askForMs = ({ intervalSeconds, timeoutMs }: HealthSettings) =>
  Math.max((2_000 * intervalSeconds) / 3 - timeoutMs, (1_000 * intervalSeconds) / 3);

export function createSweeper(options: {
  desired(): Desired | null; requester: Requester; standings: Standings; store: SweepStore; log: Log;
  /** Slots go by the clock that others have too, ms; how long ago something was here, by one that nobody sets. */
  clocks?: { readonly wall: () => number; readonly steady: () => number };
}): Sweeper {
  const { requester, standings, store, log } = options;
  const { wall, steady } = options.clocks ?? { wall: Date.now, steady: () => performance.now() };
  /** Less than it was: the clock was set back. */
  const ahead = () => wall() - steady();
  let latest: { readonly slot: number; readonly ahead: number; readonly summary: Promise<SweepSummary> } | null = null;
  let row: SweepRow | null = null;
  let askedAt = steady();
  let suspectsAskedAt = steady();
  let targets: SweepTarget[] = [];
  let targetsOf: Desired | null = null;
  let names = { list: [] as string[], hash: '' };
  /** The hostname that the next sweep starts with: the first one that the last had no time for. */
  let from: string | null = null;
  let busy: Promise<unknown> = Promise.resolve();
  /** Rounds that go on or wait. */
  let rounds = 0;
  let closed = false;

  /** One round at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    rounds += 1;
    const turn = busy.then(work).finally(() => { rounds -= 1; });
    busy = turn.catch(() => {});
    return turn;
  }

  function refreshTargets(desired: Desired): void {
    if (desired === targetsOf) return;
    targets = sweepTargets(desired);
    targetsOf = desired;
    const list = targets.map(({ hostname }) => hostname);
    names = { list, hash: createHash('sha256').update(list.join('\n')).digest('base64url').slice(0, 24) };
    standings.keepOnly(targets);
  }

  /** In the order of `asked`, though it may start anywhere. */
  async function probeFrom(asked: readonly SweepTarget[], health: HealthSettings): Promise<Probed[]> {
    const first = Math.max(0, asked.findIndex(({ hostname }) => from !== null && hostname >= from));
    const probed = await probeAll(requester, [...asked.slice(first), ...asked.slice(0, first)], { timeoutMs: health.timeoutMs, askForMs: askForMs(health) });
    if (closed) throw new ReeveError('unavailable', 'the agent is ending');
    from = probed.find(({ outcome }) => outcome === 'unknown')?.target.hostname ?? null;
    return [...probed.slice(asked.length - first), ...probed.slice(0, asked.length - first)];
  }

  async function round(slot: number): Promise<SweepSummary> {
    // Another one has been asked for while this one waited.
    if (latest && slot < latest.slot) throw new ReeveError('superseded', `the slot ${new Date(slot).toISOString()} is over`);
    const desired = options.desired();
    if (!desired) throw new ReeveError('unavailable', 'this container knows no state yet');
    const { health } = withDefaults(desired.settings);
    refreshTargets(desired);
    await store.recall();
    const [startedAt, began] = [wall(), steady()];
    const asked = { targets, names };
    const probed = await probeFrom(asked.targets, health);
    const ms = Math.round(steady() - began);
    suspectsAskedAt = began;
    const changes = standings.hear(probed, health);
    const counts = standings.counts();
    if (changes > 0) log.info('verdicts changed', { changes, ...counts });
    row = {
      slot, startedAt, endedAt: startedAt + ms, intervalSeconds: Math.ceil(health.intervalSeconds), hostnames: probed.length, counts, names: asked.names.hash,
    };
    const stored = await store.add({ sweep: row, packed: packed(probed), names: asked.names.list });
    const bad = asked.targets.map(({ hostname }) => hostname).filter((name) => standings.get(name)?.standing.verdict === 'down');
    return { slot, hostnames: probed.length, counts, bad: bad.slice(0, MOST_BAD), ms, stored };
  }

  function packed(probed: readonly Probed[]): Buffer {
    return compressed(packSweep(probed.map(({ target, outcome, status, ms }) =>
      ({ verdict: standings.get(target.hostname)?.standing.verdict ?? 'unknown', outcome, kind: target.kind, status, ms }))));
  }

  async function sweep(slot: number, { intervalSeconds }: HealthSettings): Promise<SweepSummary> {
    if (latest?.slot === slot) return await latest.summary;
    const age = wall() - slot;
    // Else every slot was over until the clock has come to the latest again.
    if (latest && ahead() < latest.ahead - SET_BACK_MS) latest = null;
    if ((latest && slot < latest.slot) || age > 2_000 * intervalSeconds || age < -1_000 * intervalSeconds) {
      throw new ReeveError('superseded', `the slot ${new Date(slot).toISOString()} is over, or is not yet`);
    }
    askedAt = steady();
    const before = latest;
    const mine = { slot, ahead: ahead(), summary: inTurn(() => round(slot)) };
    latest = mine;
    // One that could not be made may be asked for again.
    mine.summary.catch(() => { if (latest === mine) latest = before; });
    return await mine.summary;
  }

  /** Ask those again that may be going down or coming back; Postgres hears of it when a verdict changes. */
  async function askSuspects(health: HealthSettings): Promise<void> {
    suspectsAskedAt = steady();
    const suspects = standings.suspects(targets);
    if (suspects.length === 0 || !row) return;
    const probed = await probeAll(requester, suspects, { timeoutMs: health.timeoutMs, askForMs: ASK_SUSPECTS_MS });
    if (closed || standings.hear(probed, health) === 0) return;
    log.info('verdicts changed', standings.counts());
    await store.amend(row);
  }

  function look(): void {
    const desired = options.desired();
    if (!desired) return;
    const { health } = withDefaults(desired.settings);
    if (steady() - askedAt > 2_000 * health.intervalSeconds) {
      sweep(slotOf(wall(), health), health).catch((error) => log.warn('a sweep failed', { error: messageOf(error) }));
    } else if (rounds === 0 && steady() - suspectsAskedAt >= 1_000 * health.suspectSeconds) {
      inTurn(() => askSuspects(health)).catch((error) => log.warn('suspects could not be asked', { error: messageOf(error) }));
    }
  }

  const timer = setInterval(look, LOOK_MS);
  return {
    async sweep(slot) {
      const desired = options.desired();
      if (closed || !desired) throw new ReeveError('unavailable', closed ? 'the agent is ending' : 'this container knows no state yet');
      return await sweep(slot, withDefaults(desired.settings).health);
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await requester.close();
      await busy;
    },
  };
}
