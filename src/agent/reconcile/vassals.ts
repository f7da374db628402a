/** One pass over the sites whose vassal is not as wanted: observe, plan, execute. */
import type { Desired } from '../../domain/desired.ts';
import type { SiteId } from '../../domain/id.ts';
import { type Layout, places } from '../../domain/layout.ts';
import type { Drift, VassalCounts, Waiting } from '../../domain/observed.ts';
import type { Tree } from '../files/tree.ts';
import type { Log } from '../../log.ts';
import type { Siblings } from '../signals.ts';
import { answers } from '../vassals/answers.ts';
import { type EmperorView, type Seen, viewEmperor } from '../vassals/emperor.ts';
import { type InService, inServiceOf } from '../vassals/in-service.ts';
import type { Masking } from '../vassals/masking.ts';
import { notRunning, type NotRunning } from '../vassals/not-running.ts';
import { stepExecutor } from '../vassals/execute.ts';
import { vassalDisk } from '../vassals/files.ts';
import { planVassals, VASSAL_POLICY, type VassalPhase, type VassalPolicy, type VassalView } from '../vassals/plan.ts';
import { questionFor } from '../vassals/question.ts';
import { type Restarted, restarter } from '../vassals/restart.ts';
import type { Rendered } from '../../render/container.ts';
import { fileOf } from '../../render/vassal.ts';
import { ownerOf } from './site-files.ts';

export interface VassalsResult {
  readonly waiting: readonly Waiting[];
  /** In service, and not running, whatever is done: shown, but nothing waits for them. */
  readonly failing: readonly Waiting[];
  readonly failed: readonly { site: SiteId; digest: string; reason: string }[];
  readonly counts: VassalCounts;
  readonly pending: boolean;
}

/** Statistics of 5,000 vassals take 49 ms: with nothing under way they are asked for only so often. */
const VIEW_EVERY_MS = 10_000;

const NOBODY: InService = { starting: [], failing: [] };

export interface Vassals {
  /** @param unwritten sites whose new files are not all there: a vassal would read the former ones, and pass for the new */
  pass(desired: Desired, wanted: Rendered, unwritten: Pick<ReadonlySet<SiteId>, 'has'>): Promise<VassalsResult>;
  /** Which digest is in service. */
  inService(site: SiteId): string | null;
  isUnsettled(site: SiteId): boolean;
  /** Whether nothing is left of it, vassal or link. */
  isGone(site: SiteId): boolean;
  /** Links and inis that were not as wanted when this process came to them first. */
  foundAtStart(): readonly Drift[];
  /** Sites that are not as wanted yet. */
  unsettled(): readonly SiteId[];
  /** Look at the files again, and remove what is no vassal of ours. */
  mend(): Drift[];
  /** `awake`, `asleep`, `starting`, `failing` or `none`; null when the emperor does not answer. */
  stateOf(site: SiteId): Promise<string | null>;
  /** Vassals in service that do not run, or died since the last time this was asked; null: the emperor does not answer. */
  notRunning(): Promise<readonly NotRunning[] | null>;
  /** Of these sites, start anew the vassals in service that run and do not answer well. */
  restart(desired: Desired, sites: readonly SiteId[]): Promise<Restarted[]>;
}

export function vassals(parts: {
  layout: Layout; tree: Tree; siblings: Siblings; log: Log; masked: Masking; pace: number; onAnswer(): void;
}): Vassals {
  const { layout, tree } = parts;
  const policy: VassalPolicy = { ...VASSAL_POLICY, pace: parts.pace };
  const disk = vassalDisk(layout);
  const asked = answers(parts.onAnswer);
  const restart = restarter(parts);
  const execute = stepExecutor({ ...parts, disk, answers: asked });
  const unsettled = new Set<SiteId>();
  let last: Rendered['vassals'] | null = null;
  let view: EmperorView | null = null;
  /** Of `performance.now()`. */
  let viewedAt = Number.NEGATIVE_INFINITY;
  let comingUp = false;
  let atStart: Drift[] | null = null;
  /** Vassals in service as the emperor last told of them, by name. */
  const seenBefore = new Map<string, Seen>();
  disk.scan();

  /** Of a live site that cannot be rendered, or whose newest version is bad, whatever serves stays, also where nothing was written down. */
  function wantedDigest(desired: Desired, wanted: Rendered, site: SiteId): string | null {
    const rendered = wanted.vassals.get(site)?.digest;
    if (rendered !== undefined || desired.sites.get(site)?.phase !== 'live') return rendered ?? null;
    const { link, inis } = disk.of(site);
    return link && inis.has(link.digest) ? link.digest : null;
  }

  function findUnsettled(desired: Desired, wanted: Rendered): void {
    if (wanted.vassals === last) return;
    for (const [site, vassal] of wanted.vassals) {
      const { link, inis } = disk.of(site);
      const { digest } = vassal;
      if (link?.digest !== digest || inis.size !== 1 || !inis.has(digest)) unsettled.add(site);
      // Known files are watched from the start on, also when nothing has to be done for them.
      else watchIni(desired, wanted, site, digest);
    }
    for (const site of disk.sites()) if (!wanted.vassals.has(site)) unsettled.add(site);
    atStart ??= [...unsettled].flatMap((site) => notAsLeft(site, wantedDigest(desired, wanted, site)));
    last = wanted.vassals;
  }

  function notAsLeft(site: SiteId, digest: string | null): Drift[] {
    if (digest === null) return [];
    const { link, inis } = disk.of(site);
    const others = [...inis.keys()].filter((each) => each !== digest);
    return [
      ...(link?.digest === digest ? [] : [{ path: places.siteSocket(layout, site), kind: link ? 'changed' as const : 'missing' as const }]),
      ...(inis.has(digest) ? [] : [{ path: places.vassalFile(layout, site, digest), kind: 'missing' as const }]),
      ...others.map((each) => ({ path: places.vassalFile(layout, site, each), kind: 'extra' as const })),
    ];
  }

  function watchIni(desired: Desired, wanted: Rendered, site: SiteId, digest: string): void {
    const path = places.vassalFile(layout, site, digest);
    const row = desired.sites.get(site);
    if (!row || tree.has(path)) return;
    tree.ensure(path, fileOf(wanted.vassals.get(site)!, 'ini'), { mode: 0o400, owner: ownerOf(layout, row), laterThan: disk.of(site).inis.get(digest)! });
  }

  function viewOf(site: SiteId, digest: string | null): VassalView {
    const files = disk.of(site);
    let seen: Map<string, Seen> | null = null;
    if (view) {
      seen = new Map();
      const one = digest === null ? undefined : view.get(`${site}.${digest}`);
      if (one) seen.set(digest!, one);
    }
    return { site, ...files, wanted: digest, seen, answer: digest === null ? null : asked.of(site, digest) };
  }

  /** The emperor remembers bad vassals by name for long after their files have gone. */
  function known(seen: EmperorView | null): EmperorView | null {
    return seen && new Map([...seen].filter(([name]) => {
      const [site, digest] = name.split('.') as [string, string];
      return disk.of(site).inis.has(digest);
    }));
  }

  return {
    async pass(desired, wanted, unwritten) {
      findUnsettled(desired, wanted);
      if (unsettled.size > 0 || comingUp || performance.now() - viewedAt > VIEW_EVERY_MS) {
        view = await viewEmperor(places.emperorStats(layout));
        viewedAt = performance.now();
      }
      const views = [...unsettled].filter((site) => !unwritten.has(site)).map((site) => viewOf(site, wantedDigest(desired, wanted, site)));
      const plan = planVassals(views, policy, Date.now());
      const failed: { site: SiteId; digest: string; reason: string }[] = [];
      execute(plan.steps, {
        row: (site) => desired.sites.get(site),
        vassal: (site) => wanted.vassals.get(site),
        question: (site, digest) => questionFor(layout, desired, site, digest),
        onFailed: (site, digest, reason) => failed.push({ site, digest, reason }),
      });
      const done = (phase: VassalPhase) => views.map(({ site }) => site).filter((site) => plan.phases.get(site) === phase);
      const settled = done('settled');
      const gone = done('gone');
      for (const site of [...settled, ...gone]) unsettled.delete(site);
      const waiting = [...plan.phases].flatMap(([site, phase]) => waitingFor(site, phase));
      const others = [...wanted.vassals].filter(([site]) => !unsettled.has(site) && !settled.includes(site));
      const { starting, failing } = view ? inServiceOf(others, view, policy.acceptWithinMs, Date.now()) : NOBODY;
      waiting.push(...starting);
      if (!view && wanted.vassals.size > 0) waiting.unshift({ on: 'emperor', message: 'it does not answer' });
      comingUp = starting.length > 0;
      return { waiting, failing, failed, counts: count(known(view)), pending: unsettled.size > 0 || comingUp };
    },
    inService: (site) => disk.of(site).link?.digest ?? null,
    isUnsettled: (site) => unsettled.has(site),
    isGone: (site) => !unsettled.has(site) && disk.of(site).inis.size === 0 && disk.of(site).link === null,
    foundAtStart: () => atStart ?? [],
    unsettled: () => [...unsettled],
    async stateOf(site) {
      const now = await viewEmperor(places.emperorStats(layout));
      const digest = disk.of(site).link?.digest;
      if (!now) return null;
      const seen = digest === undefined ? undefined : now.get(`${site}.${digest}`);
      const [state] = seen ? Object.entries(count(new Map([[site, seen]]))).find(([, n]) => n === 1)! : ['none'];
      return state;
    },
    async notRunning() {
      const now = await viewEmperor(places.emperorStats(layout));
      if (!now) return null;
      const inService = [...disk.sites()].flatMap((site) => {
        const digest = unsettled.has(site) ? undefined : disk.of(site).link?.digest;
        return digest === undefined ? [] : [{ site, digest }];
      });
      return notRunning(inService, now, seenBefore, policy.acceptWithinMs);
    },
    async restart(desired, sites) {
      // One that is being replaced by another is asked, and failed, by its own plan.
      return await restart(desired, sites.flatMap((site) => {
        const digest = unsettled.has(site) ? undefined : disk.of(site).link?.digest;
        return digest === undefined ? [] : [{ site, digest }];
      }));
    },
    mend() {
      last = null;
      const strangers = disk.scan();
      // What is mended right after this is looked at by the emperor at its next tick.
      return strangers.map((path) => {
        tree.remove(path);
        return { path, kind: 'extra' as const };
      });
    },
  };
}

function waitingFor(site: SiteId, phase: VassalPhase): Waiting[] {
  switch (phase) {
    case 'waiting': return [{ on: 'vassal', site, message: 'waits for its turn to start' }];
    case 'starting': return [{ on: 'vassal', site, message: 'starts' }];
    case 'accepting': return [{ on: 'vassal', site, message: 'takes requests, and is asked for a page' }];
    default: return [];
  }
}

function count(view: EmperorView | null): VassalCounts {
  const counts = { awake: 0, asleep: 0, starting: 0, failing: 0 };
  for (const { pid, accepting, deaths } of view?.values() ?? []) {
    if (accepting) counts.awake++;
    else if (pid === -1) counts.asleep++;
    else if (deaths > 0) counts.failing++;
    else counts.starting++;
  }
  return counts;
}
