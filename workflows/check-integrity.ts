import { patched, setCurrentDetails } from '@temporalio/workflow';
import { platform } from '../src/temporal/workflow/activities.ts';
import { checkContainer, checkEdge } from '../src/temporal/workflow/integrity.ts';

/** Counts, and the ids of those that are not well. */
export interface IntegritySummary {
  readonly containers: number;
  readonly same: number;
  readonly mended: readonly string[];
  readonly notMended: readonly string[];
  readonly unknown: readonly string[];
}

/** Each container's files and processes against what Postgres says; what differs is named, mended and recorded. */
export async function checkIntegrity(): Promise<IntegritySummary> {
  const containers = await platform.planIntegrity({});
  const edges = patched('edges') ? await platform.planEdges() : [];
  const checked = await Promise.all([
    ...containers.map(async (of) => ({ ...of, ...(await checkContainer(of)) })),
    ...edges.map(async (of) => ({ ...of, ...(await checkEdge(of)) })),
  ]);
  const idsOf = (some: typeof checked) => some.map(({ container }) => container).sort();
  const drifted = checked.filter(({ found }) => found.verdict === 'drift');
  const summary: IntegritySummary = {
    containers: checked.length,
    same: checked.filter(({ found }) => found.verdict === 'same').length,
    mended: idsOf(drifted.filter(({ after }) => after?.verdict === 'same')),
    notMended: idsOf(drifted.filter(({ after }) => after?.verdict !== 'same')),
    unknown: idsOf(checked.filter(({ found }) => found.verdict === 'unknown')),
  };
  setCurrentDetails(checked.map(({ container, found, after }) =>
    `- ${container}: ${found.verdict}${found.reason ? ` (${found.reason.slice(0, 200)})` : ''}${after ? `, then ${after.verdict}` : ''}`).join('\n').slice(0, 19_000));
  return summary;
}
