import { patched } from '@temporalio/workflow';
import type { RunOrder } from '../src/domain/run.ts';
import { platform } from '../src/temporal/workflow/activities.ts';
import { type Found, probeInside, regenerateInside, restartInside } from '../src/temporal/workflow/inside.ts';
import type { Outcome } from '../src/temporal/workflow/outcome.ts';

/**
 * The mild means: look again, here and in a second container; have everything generated anew, and the vassals that do
 * not answer started anew. What follows if that does not help is decided by the judge, from the ledger, with the budget
 * of that moment.
 */
export async function remediateContainer({ input }: RunOrder<'remediateContainer'>): Promise<Outcome> {
  const { incident } = input;
  const { sites, failing, second } = await platform.planRemediation(input);
  const before = await probeInside(input, sites);
  const elsewhere = isWell(before) || second === null ? null : await probeInside(second, suspects(sites, before));
  await platform.noteProbedAgain({ incident, found: before, second, elsewhere });
  // What fails in the second one too is not this one's fault: nothing is touched.
  if (isWell(before) || failsToo(suspects(sites, before), elsewhere)) {
    return await platform.concludeRemediation({ incident, found: before, elsewhere, regenerated: false });
  }
  await regenerateInside(input);
  const restarted = await restartInside(input, failing);
  if (restarted.length > 0) await platform.noteRestarted({ incident, restarted });
  const after = await probeInside(input, sites);
  // What began to fail everywhere meanwhile is nothing that regenerating could have helped.
  const asksAgain = second !== null && after.reached && !isWell(after) && patched('second asked again');
  const elsewhereNow = asksAgain ? await probeInside(second, suspects(sites, after)) : elsewhere;
  return await platform.concludeRemediation({ incident, found: after, elsewhere: elsewhereNow, regenerated: true });
}

const isWell = ({ reached, bad }: Found) => reached && bad.length === 0;

/** Those that failed, or all of them where nobody answered. */
const suspects = <Site extends { readonly site: string }>(sites: readonly Site[], { reached, sites: bad }: Found) =>
  (reached ? sites.filter(({ site }) => bad.includes(site)) : sites);

const failsToo = (asked: readonly { readonly site: string }[], elsewhere: Found | null) =>
  elsewhere?.reached === true && asked.length > 0 && asked.every(({ site }) => elsewhere.sites.includes(site));
