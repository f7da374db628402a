/** nginx's configuration: staged, tested, switched by one rename, reloaded, proved. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { type Layout, places } from '../../domain/layout.ts';
import type { Drift, Waiting } from '../../domain/observed.ts';
import { createTree, type Tree } from '../files/tree.ts';
import { type Log, messageOf } from '../../log.ts';
import type { Overlay } from '../nginx/overlay.ts';
import type { ProofReader } from '../nginx/proof.ts';
import {
  configurationPath, differencesOnDisk, inService, onDisk, removeOthers, stage, type StagedConfiguration, strangersIn, switchTo,
} from '../nginx/stage.ts';
import { acceptingWorkers, isAccepting, relieve } from '../nginx/workers.ts';
import { HOSTNAMES_FILE, isNothingButNew, newHostnamesAlone, newLinesOnly, SITES_FILE, testConfiguration, type TestResult } from '../nginx/test.ts';
import { lastLines } from '../vassals/log-tail.ts';
import type { ProcessIdentity } from '../../process/identity.ts';
import type { Siblings } from '../signals.ts';
import type { Rendered } from '../../render/container.ts';

/** A pass waits so long for nginx's proof; the next one goes on waiting. */
const PROVE_WITHIN_MS = 2_000;
const POLL_MS = 5;
/** So many proofs in a row that are the former configuration's: nginx has refused the reload. */
const REFUSALS = 3;
/** What it refuses (a zone of shared memory that is used otherwise, an address that is taken) rarely mends itself. */
const REFUSED_RETRY_MS = 60_000;
const TEST_NAME = '0-test';
/**
 * New hostnames that are served already let others come before nginx reads them all at once: where ten containers share
 * two cores, the reloads of the first would keep the last from serving. docs/decisions/propagation.md
 */
const GATHER_MS = 200;

/** What a renderer gives for nginx, and what nginx's proof says when it serves that. */
export type Configuration = Pick<Rendered, 'nginx'> & { readonly digests: Pick<Rendered['digests'], 'nginx'> };

export interface Routing {
  /** Whether nginx takes these files; nothing in service is touched. */
  test(wanted: Configuration): Promise<TestResult>;
  /** Put tested files in service, or their new hostnames alone while more are gathered. */
  apply(wanted: Configuration, generation: number): void;
  /** Whether what was applied last is served, and nginx is to read it a moment later. */
  isGathering(): boolean;
  /** Resolves when nginx serves what was applied last; after a second in any case, since changes may never end. */
  settled(): Promise<void>;
  /** Null: nginx serves what was applied last, and nothing else. Else what it waits for. */
  prove(): Promise<Waiting | null>;
  /** Compare the files in service with what was written, and mend them. */
  mend(): Drift[];
  /** What of it was not as wanted when this process came to it first. */
  foundAtStart(): readonly Drift[];
  /** What was not as written when something else took its place in service, since this was asked last. */
  foundAtSwitch(): Drift[];
  /** The directory of the configuration that is meant to be in service; null before the first. */
  serving(): string | null;
}

type Served = StagedConfiguration & { readonly proof: string };

/** @param isHurried whether another pass is asked for already: then none waits for old workers */
export function routing(parts: {
  layout: Layout; siblings: Siblings; proof: ProofReader; log: Log; isHurried(): boolean; overlay?: Overlay;
}): Routing {
  const { layout, siblings, proof, log, overlay } = parts;
  let tested: StagedConfiguration | null = null;
  let served: Served | null = null;
  let files: Tree = createTree();
  let found: Drift[] = [];
  /** Workers that were there before the last reload. */
  let former: ProcessIdentity[] = [];
  /** Ends the look after them, when there is another reload. */
  let relieving = new AbortController();
  /** What was tested last has these lines of hostnames.conf more than what was tested before, and no new site. */
  let added: { readonly proof: string; readonly lines: string } | null = null;
  /** What was proved last, until what was switched to is. */
  let previous: Served | null = null;
  let unproved = 0;
  /** New hostnames are gathered until then, of `performance.now()`; null: none are. */
  let gathersUntil: number | null = null;
  /** What nginx did not take though its test passed; tried again then, of `performance.now()`. */
  let refused: { readonly proof: string; readonly message: string; readonly retryAt: number } | null = null;
  const isRefused = (wanted: Configuration) => refused?.proof === wanted.digests.nginx && performance.now() < refused.retryAt;

  /** A restart of nginx must find what it takes: the former configuration is in service again. */
  function goBack(to: Served, from: Served): Waiting {
    switchTo(layout, to.name);
    const reason = lastLines({ path: places.nginxLogs(layout)[1]! }, 50).split('\n').findLast((line) => line.includes('[emerg]')) ?? 'it does not say why';
    refused = { proof: from.proof, message: `it refuses ${from.name}, whose test passed: ${reason}`, retryAt: performance.now() + REFUSED_RETRY_MS };
    log.warn('nginx configuration refused', { was: from.name, now: to.name, reason });
    served = to;
    tested = to;
    previous = null;
    unproved = 0;
    // There was no reload: its workers are the ones that serve.
    former = [];
    // Nobody has looked after it since it was left.
    watch(to, 'ensure');
    found.push(...files.foundAtStart());
    return { on: 'nginx', message: refused.message };
  }
  let atStart: Drift[] | null = null;

  function named(wanted: Configuration, generation: number): StagedConfiguration {
    let name = `${generation}-${shortDigest(wanted)}`;
    // What is there under that name already was not written by this process: it may be in service, and not whole.
    while (existsSync(configurationPath(layout, name))) name += 'x';
    return { name, files: wanted.nginx };
  }

  function watch({ name, files: contents }: StagedConfiguration, how: 'adopt' | 'ensure'): void {
    files = createTree();
    for (const [file, text] of contents) {
      files[how](`${configurationPath(layout, name)}/${file}`, text, { mode: 0o644, owner: null });
    }
  }

  /** What in service is not as it was written. */
  function differences(): Drift[] {
    if (!served) return [];
    const drift = files.compare();
    for (const path of strangersIn(layout, served)) drift.push({ path, kind: 'extra' });
    if (inService(layout) !== served.name) drift.push({ path: places.nginxCurrent(layout), kind: 'changed' });
    return drift;
  }

  /** After a restart of the agent the configuration in service may be the wanted one already. */
  function takeOver(wanted: Configuration): void {
    const name = inService(layout);
    const isWanted = (some: string) => some.includes(`-${shortDigest(wanted)}`);
    const files = name !== null && isWanted(name) ? onDisk(layout, name, wanted.nginx) : null;
    atStart ??= files ? [] : differencesOnDisk(layout, name, isWanted, wanted.nginx);
    if (!files || name === null) return;
    served = { name, files, proof: wanted.digests.nginx };
    tested = served;
    watch(served, 'adopt');
  }

  /** It only makes new hostnames quicker: what cannot be written there is served once nginx has read it. */
  function overlaid(change: (overlay: Overlay) => void): void {
    try {
      if (overlay) change(overlay);
    } catch (error) {
      log.warn('overlay', { error: messageOf(error) });
    }
  }

  function switchToNew(wanted: Configuration, generation: number): void {
    const next = named(wanted, generation);
    const drift = differences();
    stage(layout, next, drift.length === 0 ? served : null);
    switchTo(layout, next.name);
    found.push(...drift);
    log.info('nginx configuration', { was: served?.name ?? null, now: next.name });
    const replaced = served;
    previous ??= served;
    served = { ...next, proof: wanted.digests.nginx };
    tested = served;
    try {
      reload();
      removeOthers(layout, [replaced?.name ?? null, previous?.name ?? null, next.name]);
    } finally {
      // Only now: a file that loses another of its names looks touched, and would be read at the next switch.
      watch(served, 'adopt');
    }
  }

  /** Serve what is only new hostnames now; whether all of it is. */
  function isServedEarly(wanted: Configuration): boolean {
    const read = previous ?? served;
    if (!read || !served || added?.proof !== wanted.digests.nginx) return false;
    const { lines } = added;
    let all = false;
    overlaid((one) => { all = one.put(lines, read.files.get(SITES_FILE) ?? ''); });
    return all && isNothingButNew(served.files, wanted.nginx, lines);
  }

  /** Whether nginx is to wait for more of them. */
  function gathers(): boolean {
    gathersUntil ??= performance.now() + GATHER_MS;
    return performance.now() < gathersUntil;
  }

  function reload(): void {
    const master = siblings.find('nginx');
    former = master ? acceptingWorkers(master.pid) : [];
    relieving.abort();
    relieving = new AbortController();
    siblings.signal('nginx', 'SIGHUP');
    if (master) relieve(master.pid, former, relieving.signal).catch((error: Error) => log.warn('former workers of nginx not relieved', { error: error.message }));
  }

  return {
    foundAtStart: () => atStart ?? [],
    foundAtSwitch() {
      const drift = found;
      found = [];
      return drift;
    },
    serving: () => served?.name ?? null,
    async test(wanted) {
      if (!served) takeOver(wanted);
      if (served?.proof === wanted.digests.nginx || isRefused(wanted)) return { ok: true };
      const reduced = tested && newLinesOnly(tested, { name: TEST_NAME, files: wanted.nginx });
      added = reduced && { proof: wanted.digests.nginx, lines: newHostnamesAlone(reduced) };
      stage(layout, { name: TEST_NAME, files: reduced ?? wanted.nginx }, reduced ? tested : null);
      return await testConfiguration(layout, TEST_NAME);
    },
    apply(wanted, generation) {
      overlaid((one) => one.keepOnly(wanted.nginx.get(HOSTNAMES_FILE) ?? ''));
      const isNew = served?.proof !== wanted.digests.nginx && !isRefused(wanted);
      if (isNew && isServedEarly(wanted) && gathers()) return;
      gathersUntil = null;
      if (isRefused(wanted)) return;
      refused = null;
      if (isNew) switchToNew(wanted, generation);
    },
    // By the clock too: where later passes break off before they come so far, what they say is to be heard.
    isGathering: () => gathersUntil !== null && performance.now() < gathersUntil,
    async settled() {
      const deadline = performance.now() + 5 * GATHER_MS;
      while ((gathersUntil !== null || previous) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    },
    async prove() {
      if (gathersUntil !== null) return { on: 'nginx', message: 'new hostnames are served, and nginx reads them in a moment' };
      const digest = served?.proof ?? '';
      const deadline = performance.now() + PROVE_WITHIN_MS;
      const answer = await proof.await(digest, PROVE_WITHIN_MS);
      if (answer?.digest !== digest) {
        if (answer && served && previous && answer.digest === previous.proof && ++unproved >= REFUSALS) return goBack(previous, served);
        // Once more: the signal may have come before nginx had started.
        reload();
        return { on: 'nginx', message: answer ? `it still serves generation ${answer.generation}` : 'it does not answer' };
      }
      while (former.some(({ pid }) => isAccepting(pid))) {
        if (performance.now() > deadline || parts.isHurried()) return { on: 'nginx', message: 'its former workers still take requests' };
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      former = [];
      previous = null;
      unproved = 0;
      overlaid((one) => one.clear());
      return refused && { on: 'nginx', message: refused.message };
    },
    mend() {
      const drift = differences();
      if (!served || drift.length === 0) return drift;
      mkdirSync(configurationPath(layout, served.name), { recursive: true, mode: 0o755 });
      files.mend();
      for (const { path, kind } of drift) if (kind === 'extra') rmSync(path, { recursive: true, force: true });
      if (inService(layout) !== served.name) switchTo(layout, served.name);
      // nginx may have been reloaded with what was there.
      reload();
      return drift;
    },
  };
}

const shortDigest = ({ digests }: Configuration) => digests.nginx.slice(0, 12);
