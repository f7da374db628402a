/** Which faults one look handles, where there are more than it has time for. Pure. */
import type { Fault } from './diagnosis.ts';

/** Of a look, this part is kept for what is not critical: behind more critical faults than fit it would never be told. */
const KEPT = 1 / 4;

/**
 * Critical ones first; of each kind those that nobody was told of, and then those that were handled longest ago.
 * @param told open incidents, and when each was seen last, ms
 */
export function inTurn(
  faults: readonly Fault[], told: readonly { readonly subject: string; readonly cause: string; readonly seenAt: number }[], most: number,
): Fault[] {
  const seenAt = new Map(told.map((each) => [`${each.subject} ${each.cause}`, each.seenAt]));
  const last = ({ subject, cause }: Fault) => seenAt.get(`${subject} ${cause}`) ?? 0;
  const waiting = (severity: Fault['severity']) => faults.filter((each) => each.severity === severity).sort((a, b) => last(a) - last(b));
  const [critical, rest] = [waiting('critical'), waiting('warning')];
  return [...critical.slice(0, most - Math.min(rest.length, Math.floor(most * KEPT))), ...rest].slice(0, most);
}
