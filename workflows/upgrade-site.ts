import { patched } from '@temporalio/workflow';
import type { RunOrder } from '../src/domain/run.ts';
import { certain, lengthy, platform } from '../src/temporal/workflow/activities.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';
import { proveUpgrade, restore, tryRelease } from '../src/temporal/workflow/upgrade.ts';

/**
 * A site to another release, in one container first. Where the new one does not start or answer there, or does not
 * later, the site goes back with its data as they were before the migration.
 */
export async function upgradeSite({ run, input: { site, release } }: RunOrder<'upgradeSite'>): Promise<Outcome> {
  const { from } = await platform.confirmUpgradable({ site, release });
  if (from === release) return {};

  let broken: readonly string[] = [];
  const undo = new Undo();
  await undo.around(async () => {
    undo.add('dropSnapshot', () => certain.dropSnapshot({ site, run }));
    await lengthy.snapshotDatabase({ site, run });

    undo.add('restoreSnapshot', () => restore({ site, run }));
    await lengthy.migrateDatabase({ site, release });

    if (patched('trial')) broken = await tryRelease({ site, from, release }, undo);

    undo.addGate('confirmRelease', () => certain.confirmRelease({ site, release: from }));
    await publishing(() => certain.publishUpgrade({ site, from, release }));
  });

  return await afterwards(() => proveUpgrade({ run, site, from, release, broken }));
}
