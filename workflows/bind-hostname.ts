import type { RunOrder } from '../src/domain/run.ts';
import { failure } from '../src/temporal/failure.ts';
import { certain, lengthy, platform } from '../src/temporal/workflow/activities.ts';
import { told } from '../src/temporal/workflow/lenient.ts';
import { afterwards, publishing } from '../src/temporal/workflow/operator.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';
import { probeEverywhere } from '../src/temporal/workflow/probe.ts';
import { Undo } from '../src/temporal/workflow/undo.ts';

/**
 * A hostname that the request reserved for the site is served by every container. Not proved to be its people's, also
 * because no resolver answers, it stays reserved for 72 hours, in which a schedule tries again; anything else that fails
 * before publishing frees it.
 */
export async function bindHostname({ input: { site, hostname, role } }: RunOrder<'bindHostname'>): Promise<Outcome> {
  const undo = new Undo();
  undo.add('releaseHostname', () => certain.releaseHostname({ site, hostname }));

  const { proved, why } = await undo.around(() => platform.proveOwnership({ site, hostname }));
  if (!proved) throw failure('conflict', `${hostname} is not proved to be yours: ${why}`, { subject: `hostname:${hostname}` });

  let primaryChanged = false;
  await undo.around(() => publishing(async () => {
    ({ primaryChanged } = await certain.publishHostname({ site, hostname, role }));
  }));

  return await afterwards(async () => {
    const hook = primaryChanged ? await told(() => lengthy.runPrimaryChangedHook({ site })) : null;
    const { notConverged } = await platform.converge({ site });
    const probes = await probeEverywhere({ site });
    return { notConverged, probes, ...(hook === null ? {} : { primaryChangedHook: hook }) };
  });
}
