import { patched } from '@temporalio/workflow';
import type { RunInputs, RunOrder, SettledType } from '../src/domain/run.ts';
import { fromFailure } from '../src/temporal/failure.ts';
import { certain, platform, STARTS_CODE } from '../src/temporal/workflow/activities.ts';
import { endLaunched } from '../src/temporal/workflow/end-launched.ts';
import { unlessMissing, unlessSuperseded } from '../src/temporal/workflow/lenient.ts';
import { publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { retireSecrets } from '../src/temporal/workflow/secrets.ts';
import { proveUpgrade, restore } from '../src/temporal/workflow/upgrade.ts';

type Input = RunInputs['settleRun'];
/** What the run that was cut off was given: those of its type are always there. */
type Given = Required<Input>;

/**
 * What a run left half made whose workflow was cut off (terminated, lost by Temporal): undone as its own way back would
 * have, or finished where it had published. Asks the rows what is there; each act is right where nothing was done.
 */
export async function settleRun({ input }: RunOrder<'settleRun'>): Promise<Outcome> {
  let outcome: Outcome = {};
  await publishing(async () => {
    outcome = (await SETTLE[input.type](input as Given)) ?? {};
  });
  return outcome;
}

const SETTLE: Readonly<Record<SettledType, (given: Given) => Promise<Outcome> | Promise<void>>> = {
  async upgradeSite(given) {
    const { of, site, release } = given;
    const { at, from, snapshot } = await certain.planSettling(given);
    await certain.endTrial({ site });
    // Without a snapshot nothing was migrated yet, or all was well and it was dropped.
    if (!snapshot) return { at };
    if (at === 'published' && from !== null) return await proveUpgrade({ run: of, site, from: from as Given['release'], release, broken: [] });
    let data: string | null = null;
    if (at === 'unpublished') {
      await platform.converge({ site, ...STARTS_CODE });
      data = await restore({ site, run: of });
    }
    await certain.dropSnapshot({ site, run: of });
    return { at, ...(data === null ? {} : { data }) };
  },

  async prepareRelease({ of, release }) {
    if (!(await isSo(() => certain.confirmUnready({ release })))) return;
    await certain.dropRelease({ release });
    await certain.markFailed({ release, of });
  },

  async rotateSecrets({ site }) {
    const { settleMs } = await platform.confirmRotatable({ site });
    await certain.shutOutOfDatabase({ site });
    await certain.shutOutOfStore({ site });
    // It may have been published: then the former ones are still let in.
    return await retireSecrets({ site, settleMs });
  },

  deleteSite: putAside,
  restoreSite: putAside,

  async launchContainer({ container }) {
    await endLaunched(container);
  },

  /** Nobody takes a member back that was told to drain. */
  async drainContainer({ container, incarnation }) {
    if ((await certain.wantedOf({ container, incarnation })) !== 'running') await certain.end({ container, incarnation });
  },

  /** Before the old one was told to drain, the new one goes; afterwards the old one does, also if it has started anew. */
  async replaceContainer({ of, container, incarnation, successor }) {
    const wanted = await certain.wantedOf({ container });
    if (wanted === 'running') await endLaunched(successor);
    // One that has started anew is ended by housekeeping.
    else if (wanted !== null) await unlessSuperseded(() => certain.end({ container, incarnation }));
    if (patched('slot')) await certain.settleReplacement({ of, container, successor, replaced: wanted !== null && wanted !== 'running' });
  },
};

/** A site that is deleted has its parts put aside; one that was restored already keeps them. */
async function putAside({ site }: Given): Promise<void> {
  if (!(await isSo(() => certain.confirmDeleted({ site })))) return;
  await platform.converge({ site });
  await unlessMissing(() => certain.lockDatabase({ site }));
  await unlessMissing(() => certain.lockStore({ site }));
}

/** Whether a check of the rows passes. */
async function isSo(check: () => Promise<void>): Promise<boolean> {
  try {
    await check();
    return true;
  } catch (error) {
    if (fromFailure(error).type !== 'conflict') throw error;
    return false;
  }
}
