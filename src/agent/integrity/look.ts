/** One hostname in this container, as it is now: what it answers, and the vassal behind it. */
import type { Desired } from '../../domain/desired.ts';
import type { Layout } from '../../domain/layout.ts';
import { targetOf } from '../../domain/probe.ts';
import { ANSWERS_WITHIN_MS } from '../../domain/why.ts';
import type { Prober, ProbeResult } from '../probe.ts';
import { noAnswer } from '../sweep/round.ts';
import type { Vassals } from '../reconcile/vassals.ts';
import type { Masking } from '../vassals/masking.ts';
import { tracebackOf } from '../vassals/traceback.ts';

export interface Look {
  /** Null: this container knows no such hostname. `late`: nothing came in time, which says not that nothing will. */
  readonly answered: (ProbeResult & { readonly late: boolean }) | null;
  readonly vassal: string | null;
  /** The last in its site's log, where it does not answer well. */
  readonly traceback: string | null;
}

export async function lookAt(hostname: string, { layout, masked, desired, prober, vassals }: {
  layout: Layout; masked: Masking; desired: Desired | null; prober: Prober; vassals: Vassals | null;
}): Promise<Look> {
  const target = desired && targetOf(desired, hostname);
  if (!target) return { answered: null, vassal: null, traceback: null };
  const [vassal, [answered]] = await Promise.all([
    vassals?.stateOf(target.site) ?? null, prober.probe(desired, target.site, [target], ANSWERS_WITHIN_MS),
  ]);
  return { answered: answered ? { ...answered, late: answered.reason === noAnswer(ANSWERS_WITHIN_MS) } : null, vassal, traceback: answered?.ok === false ? tracebackOf(layout, masked, target.site) : null };
}
