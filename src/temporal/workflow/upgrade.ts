import { patched } from '@temporalio/workflow';
import type { ReleaseId, RunId, SiteId } from '../../domain/id.ts';
import { failure } from '../failure.ts';
import { certain, platform, STARTS_CODE } from './activities.ts';
import { probeInside } from './inside.ts';
import type { Outcome } from './outcome.ts';
import { probeEverywhere, saysBroken } from './probe.ts';
import { Undo } from './undo.ts';

/** A site's move from one release to another, by the run whose snapshot it goes back to. */
export interface Upgrade {
  readonly run: RunId;
  readonly site: SiteId;
  readonly from: ReleaseId;
  readonly release: ReleaseId;
  /** Hostnames that were down everywhere before, for which it does not go back. */
  readonly broken: readonly string[];
}

/** Put the site's data back. @returns what that has cost, for people */
export async function restore({ site, run }: Pick<Upgrade, 'site' | 'run'>): Promise<string> {
  // Of a worker that is older than this workflow nothing is heard.
  const { restored, lost } = (await certain.restoreSnapshot({ site, run })) ?? { restored: true, lost: null };
  if (!restored) return 'no migration had run, so its data stayed as they are, with all that was written meanwhile';
  const from = lost?.from ? `from ${lost.from} ` : 'since its snapshot was taken, ';
  return `its data are those of before the migration: what was written ${from}until ${lost?.until ?? 'now'} is lost`;
}

/**
 * Start a release for a site in one container, before it is the site's: where its code does not start, or does not answer
 * on the site's own database, the others never hear of it.
 * @param undo given the way back, which ends before the data go back: the new code has stopped by then
 * @returns hostnames that were down everywhere before
 * @throws ApplicationFailure `step-failed`
 */
export async function tryRelease({ site, from, release }: Omit<Upgrade, 'run' | 'broken'>, undo: Undo): Promise<readonly string[]> {
  undo.add('convergeBack', () => platform.converge({ site, ...STARTS_CODE }));
  undo.add('endTrial', () => certain.endTrial({ site }));
  const trial = await certain.startTrial({ site, from, release });
  if (trial === null) return [];
  const { container, incarnation, hostnames, broken = [] } = trial;
  const fails = (what: string) => failure('step-failed',
    `site ${site} ${what} ${container}, where it was tried first; the others have kept release ${from}`, { site, release, container });
  const { converged, refused } = await platform.converge({ site, container, ...STARTS_CODE });
  if (refused.length > 0) throw fails(`does not start on release ${release} in`);
  // Unknown is not well: whoever asks again may get another container.
  if (converged === 0) throw fails(`was not started on release ${release} in time in`);
  const { reached, bad } = await probeInside({ container, incarnation }, [{ site, hostnames }]);
  if (!reached) throw fails(`could not be asked on release ${release} in`);
  if (bad.length > 0) throw fails(`does not answer on release ${release} (${bad[0]}) in`);
  return broken;
}

/**
 * Whether a release that was published serves. Where it does not start in some container, or answers in none, the site
 * goes back, in this order: the new code stops
 * before its data go, and what the old one writes meanwhile goes with them.
 * @throws ApplicationFailure (`step-failed`), undone
 */
export async function proveUpgrade({ run, site, from, release, broken }: Upgrade): Promise<Outcome> {
  const back = new Undo();
  back.add('dropSnapshot', () => certain.dropSnapshot({ site, run }));
  back.add('restoreSnapshot', () => restore({ site, run }));
  back.add('convergeBack', () => platform.converge({ site, ...STARTS_CODE }));
  back.addGate('publishBack', () => certain.publishUpgrade({ site, from: release, release: from }));
  const seen = await back.around(async () => {
    const { converged, notConverged, refused } = await platform.converge({ site, ...STARTS_CODE });
    // One that refuses would go on with the old code on the migrated database: no site is left in between.
    const settlesMixed = patched('mixed goes back');
    if (refused.length > 0 && (settlesMixed || converged === 0)) {
      throw failure('step-failed', `site ${site} does not start on release ${release} in ${refused.join(', ')}; its log says why`, { site, release });
    }
    const probes = await probeEverywhere({ site, broken });
    if (saysBroken(probes)) {
      throw failure('step-failed', `site ${site} does not answer on release ${release}: ${probes.bad[0]}`, { site, release });
    }
    return { notConverged, probes };
  });
  await platform.dropSnapshot({ site, run });
  return seen;
}
