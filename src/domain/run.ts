/**
 * Work that takes time, as people see it: one run is one workflow execution. What each type is given, what it locks
 * while it is open, and how far along it is.
 */
import type { HostnameRole } from './desired.ts';
import type { ContainerId, ReleaseId, RunId, SiteId } from './id.ts';

export type RunState = 'requested' | 'running' | 'completed' | 'failed' | 'cancelled' | 'compensated' | 'superseded';

/** e.g. `site:s012345678` or `hostname:www.example.org`; shared holders exclude only exclusive ones. */
export interface Lock {
  readonly subject: string;
  readonly mode: 'shared' | 'exclusive';
}

export const OPEN_STATES: readonly RunState[] = ['requested', 'running'];

/** Ids and small choices only: a workflow's input is readable by everyone who can open the Temporal UI. */
export interface RunInputs {
  createSite: { site: SiteId; hostname: string; further: { hostname: string; role: HostnameRole }[] };
  deleteSite: { site: SiteId };
  restoreSite: { site: SiteId };
  purgeSite: { site: SiteId };
  suspendSite: { site: SiteId };
  resumeSite: { site: SiteId };
  upgradeSite: { site: SiteId; release: ReleaseId };
  rotateSecrets: { site: SiteId };
  bindHostname: { site: SiteId; hostname: string; role: HostnameRole };
  unbindHostname: { site: SiteId; hostname: string };
  prepareRelease: { release: ReleaseId };
  launchContainer: { container: ContainerId; slot: string };
  drainContainer: { container: ContainerId; incarnation: number };
  regenerateContainer: { container: ContainerId; incarnation: number };
  /** `incident` is null when a person asked. */
  remediateContainer: { container: ContainerId; incarnation: number; incident: number | null };
  replaceContainer: { container: ContainerId; incarnation: number; successor: ContainerId; incident: number | null };
  /** `of` has ended without its workflow's last word; with what it was given of these. */
  settleRun: {
    of: RunId; type: SettledType; site?: SiteId; release?: ReleaseId; container?: ContainerId; incarnation?: number; successor?: ContainerId;
  };
}

/**
 * Types whose run, where its workflow is cut off (terminated, lost), leaves something half made that another run has to
 * undo or finish: `settleRun`. What other types leave is whole, or is found by housekeeping from its rows alone (a site
 * in `creating`, one that is past its `purge_at`, a reserved hostname).
 */
export const SETTLED = [
  'upgradeSite', 'prepareRelease', 'rotateSecrets', 'deleteSite', 'restoreSite', 'launchContainer', 'drainContainer', 'replaceContainer',
] as const;
export type SettledType = (typeof SETTLED)[number];

/** What settles a run that was cut off; null where nothing has to be. */
export function settling(run: RunId, type: RunType, input: RunInputs[RunType]): RunInputs['settleRun'] | null {
  if (!(SETTLED as readonly RunType[]).includes(type)) return null;
  const { site, release, container, incarnation, successor } = input as Omit<RunInputs['settleRun'], 'of' | 'type'>;
  return {
    of: run, type: type as SettledType,
    ...Object.fromEntries(Object.entries({ site, release, container, incarnation, successor }).filter(([, value]) => value !== undefined)),
  };
}

export type RunType = keyof RunInputs;

/**
 * Types that have nothing to cancel from their request on, and why: ended before their first step, they would leave
 * something half done that nobody else finishes.
 */
export const NOTHING_TO_CANCEL: Readonly<Partial<Record<RunType, string>>> = {
  deleteSite: 'its request has deleted the site already: restore the site instead, once its data are put aside',
  settleRun: 'it finishes or undoes what another run has left half made',
};

/** What each workflow gets: the run's id and its input. The workflow id is the run's id. */
export interface RunOrder<Type extends RunType = RunType> {
  readonly run: RunId;
  readonly input: RunInputs[Type];
}

/**
 * What a run holds from its request to its final state. What changes a site's life holds the site alone; binding holds
 * it together with others, and the hostname alone.
 */
export function locksFor<Type extends RunType>(type: Type, input: RunInputs[Type]): Lock[] {
  const at = input as { site?: string; hostname?: string; release?: string; container?: string };
  switch (type) {
    case 'settleRun':
      return locksFor((input as RunInputs['settleRun']).type, input as never);
    case 'bindHostname':
    case 'unbindHostname':
      return [
        { subject: `site:${at.site}`, mode: 'shared' },
        { subject: `hostname:${at.hostname}`, mode: 'exclusive' },
      ];
    case 'upgradeSite':
      return [
        { subject: `site:${at.site}`, mode: 'exclusive' },
        { subject: `release:${at.release}`, mode: 'shared' },
      ];
    case 'prepareRelease':
      return [{ subject: `release:${at.release}`, mode: 'exclusive' }];
    case 'launchContainer':
    case 'drainContainer':
    case 'regenerateContainer':
    case 'remediateContainer':
      return [{ subject: `container:${at.container}`, mode: 'exclusive' }];
    case 'replaceContainer':
      return [
        { subject: `container:${at.container}`, mode: 'exclusive' },
        { subject: `container:${(at as { successor?: string }).successor}`, mode: 'exclusive' },
      ];
    default:
      return [{ subject: `site:${at.site}`, mode: 'exclusive' }];
  }
}

/** What the run is about, as `kind:id`; a binding is about its hostname. */
export function subjectOf<Type extends RunType>(type: Type, input: RunInputs[Type]): string {
  const locks = locksFor(type, input);
  return locks.find((lock) => lock.subject.startsWith('hostname:'))?.subject ?? locks[0]!.subject;
}

/** The steps of each type, in order, as its workflow names its activities: what progress is counted against. */
export const STEPS: Readonly<Record<RunType, readonly string[]>> = {
  createSite: ['claim', 'createRole', 'createDatabase', 'createStore', 'runCreatedHook', 'publishSite', 'converge', 'probe', 'activate'],
  deleteSite: ['claim', 'unpublishSite', 'converge', 'lockDatabase', 'lockStore'],
  restoreSite: ['claim', 'unlockStore', 'unlockDatabase', 'republishSite', 'converge', 'probe', 'activate'],
  purgeSite: ['claim', 'dropDatabase', 'dropStore', 'forgetSite'],
  suspendSite: ['claim', 'publishSuspension', 'converge', 'probe'],
  resumeSite: ['claim', 'publishResumption', 'converge', 'probe'],
  upgradeSite: ['claim', 'snapshotDatabase', 'migrateDatabase', 'startTrial', 'publishUpgrade', 'converge', 'probe', 'dropSnapshot'],
  rotateSecrets: ['claim', 'letIntoDatabase', 'letIntoStore', 'publishSecrets', 'converge', 'probe', 'retireSecrets'],
  bindHostname: ['claim', 'proveOwnership', 'publishHostname', 'converge', 'probe'],
  unbindHostname: ['claim', 'unpublishHostname', 'converge'],
  prepareRelease: ['claim', 'installRelease', 'prepareTemplate', 'markReady'],
  launchContainer: ['claim', 'launch', 'awaitReady', 'admit'],
  drainContainer: ['claim', 'drain', 'end'],
  regenerateContainer: ['claim', 'regenerate', 'judgeFiles'],
  remediateContainer: ['claim', 'probeAgain', 'regenerate'],
  replaceContainer: ['claim', 'takeReplacementSlot', 'launch', 'awaitReady', 'probeSuccessor', 'drain', 'end', 'completeReplacement'],
  settleRun: ['claim', 'planSettling', 'converge', 'restoreSnapshot', 'dropSnapshot'],
};

/** Whether a workflow of this type is a run: has a row, locks and steps. The others are checks, asked for by schedules. */
export function isRunType(type: string): type is RunType {
  return Object.hasOwn(STEPS, type);
}
