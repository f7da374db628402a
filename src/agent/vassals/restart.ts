/**
 * Vassals that run and do not answer well are started anew. The emperor alone would not: it only sees those that end.
 * One that answers, but badly, reloads in place, and its requests under way are served out; one that says nothing is
 * killed, since whoever hangs does not take a gentle signal either.
 */
import { readFileSync, statSync, utimesSync } from 'node:fs';
import type { Desired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import { type Log, messageOf } from '../../log.ts';
import { identify, signalProcess } from '../../process/identity.ts';
import type { Siblings } from '../signals.ts';
import { EMPEROR_SIGNALS, type EmperorView, type Seen, viewEmperor } from './emperor.ts';
import { questionFor } from './question.ts';
import { requestUwsgi } from './uwsgi-protocol.ts';

/** One vassal that was started anew. */
export interface Restarted {
  readonly site: SiteId;
  /** What it did before. */
  readonly was: string;
  /** Why it is not well now either; null when it is. */
  readonly now: string | null;
}

export type Restarter = (desired: Desired, sites: readonly { readonly site: SiteId; readonly digest: string }[]) => Promise<Restarted[]>;

/** Slow is not hung: as long as a probe waits. */
const ASK_WITHIN_MS = 10_000;
/** The time that a new vassal has as well, before it counts as one that does not come up. */
const WELL_WITHIN_MS = 30_000;
/** What died is started by the emperor itself, at once when it is forgiven: this long it is waited for, before it is said not to come up. */
const UP_WITHIN_MS = 15_000;
const LOOK_MS = 200;

type Illness = { readonly how: 'ill' | 'silent'; readonly why: string };

/** @param pace how many start at a time: each takes a core while it imports its code */
export function restarter({ layout, siblings, log, pace }: { layout: Layout; siblings: Siblings; log: Log; pace: number }): Restarter {
  async function illnessOf(desired: Desired, site: SiteId, digest: string): Promise<Illness | null> {
    const question = questionFor(layout, desired, site, digest);
    try {
      const { status } = await requestUwsgi(question.socket, question, ASK_WITHIN_MS);
      return question.statuses.includes(status) ? null : { how: 'ill', why: `${question.path} answered ${status}` };
    } catch (error) {
      return { how: 'silent', why: messageOf(error) };
    }
  }

  function startAnew(site: SiteId, digest: string, pid: number, { how }: Illness): void {
    if (how === 'ill') {
      const ini = places.vassalFile(layout, site, digest);
      // The emperor compares whole seconds.
      const seconds = Math.max(Math.floor(Date.now() / 1_000), Math.floor(statSync(ini).mtimeMs / 1_000) + 1);
      utimesSync(ini, seconds, seconds);
    } else {
      // Its workers would go with it by themselves, where nobody took that option away.
      for (const one of [pid, ...childrenOf(pid)].map(identify)) if (one) signalProcess(one, 'SIGKILL');
      siblings.signal('emperor', EMPEROR_SIGNALS.forgive);
    }
    siblings.signal('emperor', EMPEROR_SIGNALS.scan);
  }

  async function restart(desired: Desired, view: EmperorView, site: SiteId, digest: string): Promise<Restarted | null> {
    const seen = view.get(`${site}.${digest}`);
    // Asleep is well.
    if (!seen?.accepting || seen.pid <= 0) return null;
    const illness = await illnessOf(desired, site, digest);
    if (!illness) return null;
    startAnew(site, digest, seen.pid, illness);
    const now = await untilWell(desired, site, digest, performance.now() + WELL_WITHIN_MS);
    log.warn('vassal started anew', { site, digest, was: illness.why, now: now ?? 'well' });
    return { site, was: illness.why, now };
  }

  async function untilWell(desired: Desired, site: SiteId, digest: string, deadline: number): Promise<string | null> {
    for (;;) {
      // Being asked makes the emperor look after its vassals, the dead ones too.
      await viewEmperor(places.emperorStats(layout));
      const illness = await illnessOf(desired, site, digest);
      if (!illness || performance.now() > deadline) return illness?.why ?? null;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  return async (desired, sites) => {
    const view = await viewEmperor(places.emperorStats(layout));
    if (!view) return [];
    // Whoever is asked how they are in the pause before the emperor's next try would be found ill, though nothing is wrong any more.
    const dead = sites.filter(({ site, digest }) => isWithEmperor(view.get(`${site}.${digest}`)));
    if (dead.length > 0) {
      siblings.signal('emperor', EMPEROR_SIGNALS.forgive);
      siblings.signal('emperor', EMPEROR_SIGNALS.scan);
    }
    const up = performance.now() + UP_WITHIN_MS;
    const started = Promise.all(dead.map(({ site, digest }) => untilWell(desired, site, digest, up)));
    const found: Restarted[] = [];
    const left = [...sites];
    await Promise.all(Array.from({ length: pace }, async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        const one = await restart(desired, view, next.site, next.digest);
        if (one) found.push(one);
      }
    }));
    await started;
    return found;
  };
}

/** It starts, or died and is about to be started. */
const isWithEmperor = (seen: Seen | undefined) => seen !== undefined && seen.pid >= 0 && !seen.accepting;

/** Empty where the system does not say. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number);
  } catch {
    return [];
  }
}
