/** Comparing containers with Postgres, as steps. What differs goes to the drift table; workflows get counts. */
import { containersToCheck, recordCheck } from '../../src/database/drift.ts';
import { addNotice } from '../../src/database/notice.ts';
import type { Pool } from '../../src/database/pool.ts';
import type { Description } from '../../src/domain/drift.ts';
import { ReeveError } from '../../src/domain/errors.ts';
import type { SitesKey } from '../../src/domain/secrets.ts';
import { askFiles } from '../../src/integrity/ask.ts';
import { followDrift } from '../../src/integrity/incident.ts';
import { integrity, type Report } from '../../src/integrity/check.ts';

export interface OfIncarnation {
  readonly container: string;
  readonly incarnation: number;
}

export interface Judged {
  readonly verdict: 'same' | 'drift' | 'unknown';
  readonly reason: string | null;
  /** How many files and processes are not as they should be. */
  readonly drifted: number;
}

export function integrityActivities({ pool, parts }: { readonly pool: Pool; readonly parts: { readonly sitesKey: SitesKey } }) {
  const compare = integrity({ pool, sitesKey: parts.sitesKey, ask: askFiles(parts.sitesKey) });

  async function recorded(report: Report, mended: boolean): Promise<Judged> {
    const { container, incarnation, verdict, reason, drift } = report;
    await recordCheck(pool, report);
    await followDrift(pool, report, mended);
    if (verdict === 'drift') await addNotice(pool, 'container.drifted', { container, incarnation, files: drift.length });
    return { verdict, reason, drifted: drift.length };
  }

  return {
    /** The containers that are ready and alive now; with `only`, that one. */
    async planIntegrity({ only }: { readonly only?: string } = {}): Promise<OfIncarnation[]> {
      const all = await containersToCheck(pool);
      return only === undefined ? all : all.filter(({ container }) => container === only);
    },

    /** The edges that serve visitors now. */
    async planEdges(): Promise<OfIncarnation[]> {
      return await containersToCheck(pool, 'edge');
    },

    /** Ask an edge for its word, compare it, and record what differs; with an unknown, nothing of it. */
    async judgeEdge({ container, incarnation }: OfIncarnation): Promise<Judged> {
      // It mends itself, at least as often as it is looked at.
      return await recorded(await compare.check(container, incarnation), true);
    },

    /**
     * Compare its word with what Postgres says, go down to the file where they differ, and record it.
     * @param mended whether it has been mended just before; checks that began with an earlier version do not say
     */
    async judgeFiles({ container, incarnation, described, mended = true }: OfIncarnation & {
      readonly described: Description; readonly mended?: boolean;
    }): Promise<Judged> {
      return await recorded(await compare.check(container, incarnation, described), mended);
    },

    /** Its agent did not answer: that is unknown, not drift. */
    async recordUnanswered({ container, incarnation, reason }: OfIncarnation & { readonly reason: string }): Promise<void> {
      await recordCheck(pool, { container, incarnation, verdict: 'unknown', reason, files: 0, drift: [] });
    },

    /** The container to regenerate is still the one that was meant. @throws ReeveError `superseded` */
    async planRegeneration({ container, incarnation }: OfIncarnation): Promise<void> {
      const here = (await containersToCheck(pool)).find((each) => each.container === container);
      if (here?.incarnation === incarnation) return;
      throw new ReeveError('superseded', here ? `container ${container} has started again meanwhile` : `container ${container} does not serve now`,
        { subject: `container:${container}` });
    },

    async reportRegeneration({ container, incarnation, mended }: OfIncarnation & { readonly mended: number }): Promise<void> {
      await addNotice(pool, 'container.regenerated', { container, incarnation, mended });
    },
  };
}
