/**
 * One pass over some hostnames, within a time that is known before: what hangs takes up neither the round nor another
 * site's place. What there was no time for is `unknown`, and says nothing.
 */
import { judge, outcomeOf, type SweepTarget } from '../../domain/probe.ts';
import type { Outcome } from '../../domain/verdict.ts';
import { messageOf } from '../../log.ts';
import { type Requester, tookTooLong } from './request.ts';

export interface Probed {
  readonly target: SweepTarget;
  readonly outcome: Outcome;
  /** Null when nothing answered. */
  readonly status: number | null;
  readonly ms: number;
  readonly answeredBy: string | null;
  /** Why it is bad; null when it is not. */
  readonly reason: string | null;
  /** When it was known, ms. */
  readonly at: number;
}

export interface RoundLimits {
  /** An answer that takes longer is none, ms. */
  readonly timeoutMs: number;
  /** For so long new ones are asked, ms; the round ends `timeoutMs` later at most. */
  readonly askForMs: number;
}

/** Other numbers were not compared: with these, nginx and not the prober bounds a sweep (bench/sweep.ts). */
export const CONNECTIONS = 16;
/** Who has waited for this share of its time gives up its place to another: a hundred sites that hang would hold all 16 for a minute. */
const PATIENCE = 0.1;
/** With those that wait. nginx has 4,096 connections a worker, and each probe takes two. */
export const MOST_AT_ONCE = 128;
/** Of one site, whose vassal has few workers; a site that hangs keeps no more of them. */
const MOST_OF_A_SITE = 4;
/** After so many pages of a site in a row without an answer, its others are taken to hang as well. */
const SILENT_PAGES = 3;

interface SiteProgress {
  asking: number;
  /** Pages without an answer since the last one that answered. */
  silent: number;
  readonly parked: number[];
}

/** @returns in the order of `targets`; the first ones are asked first. Never throws for what a hostname answers */
export async function probeAll(requester: Requester, targets: readonly SweepTarget[], { timeoutMs, askForMs }: RoundLimits): Promise<Probed[]> {
  const results = new Array<Probed | undefined>(targets.length);
  const sites = new Map<string, SiteProgress>();
  for (const { site } of targets) if (!sites.has(site)) sites.set(site, { asking: 0, silent: 0, parked: [] });
  const stopAt = performance.now() + askForMs;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  /** Parked ones whose site has room again. */
  const released: number[] = [];
  let next = 0;
  let asking = 0;
  let patient = 0;

  const hangs = ({ expect, site }: SweepTarget) => expect === 'page' && sites.get(site)!.silent >= SILENT_PAGES;

  function take(): number | undefined {
    while (performance.now() < stopAt) {
      const i = released.pop() ?? (next < targets.length ? next++ : undefined);
      if (i === undefined) return undefined;
      if (hangs(targets[i]!)) continue;
      const site = sites.get(targets[i]!.site)!;
      if (site.asking < MOST_OF_A_SITE) return i;
      site.parked.push(i);
    }
    return undefined;
  }

  async function ask(i: number): Promise<void> {
    const target = targets[i]!;
    const site = sites.get(target.site)!;
    asking += 1;
    site.asking += 1;
    let waited = false;
    const timer = setTimeout(() => { waited = true; patient += 1; fill(); }, PATIENCE * timeoutMs);
    const { silent, ...probed } = await probe(requester, target, timeoutMs);
    results[i] = probed;
    clearTimeout(timer);
    if (target.expect === 'page') site.silent = silent ? site.silent + 1 : 0;
    asking -= 1;
    site.asking -= 1;
    if (waited) patient -= 1;
    const freed = site.parked.pop();
    if (freed !== undefined) released.push(freed);
    fill();
  }

  function fill(): void {
    while (asking - patient < CONNECTIONS && asking < MOST_AT_ONCE) {
      const i = take();
      if (i === undefined) break;
      void ask(i);
    }
    if (asking === 0) end();
  }

  fill();
  await over;
  return targets.map((target, i) => results[i] ?? notAsked(target, hangs(target), timeoutMs));
}

/** Why a probe that nothing answered in time failed. */
export const noAnswer = (timeoutMs: number) => `no answer within ${timeoutMs} ms`;

function notAsked(target: SweepTarget, isHanging: boolean, timeoutMs: number): Probed {
  const nothing = { target, status: null, ms: 0, answeredBy: null, at: Date.now() };
  return isHanging
    ? { ...nothing, outcome: 'bad', reason: `${noAnswer(timeoutMs)} from other hostnames of this site` }
    : { ...nothing, outcome: 'unknown', reason: null };
}

/** `silent`: nothing came of it but time that passed, at the agent's own limit or at nginx's. */
async function probe(requester: Requester, target: SweepTarget, timeoutMs: number): Promise<Probed & { readonly silent: boolean }> {
  const { health, host, scheme, site } = target;
  const start = performance.now();
  try {
    const answer = await requester.ask({ host, scheme, path: health.path }, timeoutMs);
    const ms = performance.now() - start;
    const reason = judge(site, target, health, answer);
    return {
      target, outcome: outcomeOf(reason, ms, health.slowMs), status: answer.status, ms, answeredBy: answer.site, reason, at: Date.now(),
      silent: answer.status === 504,
    };
  } catch (error) {
    const silent = tookTooLong(error);
    return {
      target, outcome: 'bad', status: null, ms: performance.now() - start, answeredBy: null,
      reason: silent ? noAnswer(timeoutMs) : messageOf(error), at: Date.now(), silent,
    };
  }
}
