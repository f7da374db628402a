/** The mild means, as steps: what to ask a container for, and what came of it. */
import { translated } from '../../src/database/errors.ts';
import { wellElsewhere } from '../../src/database/health/elsewhere.ts';
import { noteIncident } from '../../src/database/incidents.ts';
import type { Pool } from '../../src/database/pool.ts';
import { concludeRun } from '../../src/database/remediations.ts';
import { isReeveError, ReeveError } from '../../src/domain/errors.ts';
import type { RegenerateResult } from '../../src/domain/remediation.ts';
import type { ProbeTarget } from '../../src/domain/probe.ts';
import { currentRun } from '../../src/temporal/current-run.ts';
import type { Found } from '../../src/temporal/workflow/inside.ts';
import { brokenElsewhere, sampleOf } from './probe.ts';
import type { Restarted } from '../../src/agent/vassals/restart.ts';

interface OfIncarnation { readonly container: string; readonly incarnation: number }

export interface ProbePlan {
  readonly sites: readonly { readonly site: string; readonly hostnames: readonly ProbeTarget[] }[];
}

export interface RemediationPlan extends ProbePlan {
  /** Sites of which something is down there, at most 20: whose vassals may have to be started anew. */
  readonly failing: readonly string[];
  /** Another container, that serves well what fails here as far as is known; null when there is none to ask. */
  readonly second: OfIncarnation | null;
}

/** Enough to tell whether it is mended; a whole sweep follows anyhow. */
const SITES = 5;
/** Of more, it is the container that is at fault, and not their processes. */
const MOST_FAILING = 20;

export function remediationActivities({ pool }: { readonly pool: Pool }) {
  return {
    /**
     * What failed there, of at most five sites: the incident's own first, then what is well elsewhere, which alone may be this
     * container's fault; some that are served where nothing did.
     * @throws ReeveError `superseded` when the container is another incarnation, or not wanted running any more
     */
    async planRemediation({ container, incarnation, incident }: OfIncarnation & { readonly incident: number | null }): Promise<RemediationPlan> {
      await expectIncarnation(pool, { container, incarnation });
      const { rows } = await translated(pool.query<{ site: string; own: boolean; elsewhere: number | null }>(
        // Of those that fail here, elsewhere: 2 well, 1 not known, 0 down too.
        `select s.id as site, coalesce(s.id = (select site from incident where id = $3), false) as own, p.elsewhere from site s
           left join (
             select site, count(*) as n, max(case when well then 2 when well is null then 1 else 0 end) as elsewhere
             from (select p.site, ${wellElsewhere('p', '$1')} as well from latest_probe p where p.container = $1 and p.incarnation = $2 and p.verdict = 'down') p
             group by site) p on p.site = s.id
         where s.phase in ('live', 'suspended') and s.deleted_at is null
         order by own desc, p.elsewhere desc nulls last, p.n desc nulls last, s.id limit ${MOST_FAILING}`, [container, incarnation, incident]));
      const mayBeIts = rows.filter(({ own, elsewhere }) => own || elsewhere !== 0);
      // Where all that failed fails elsewhere by now, just that is to be found.
      const asked = mayBeIts.some(({ own, elsewhere }) => own || elsewhere !== null) ? mayBeIts : rows;
      const failing = asked.filter(({ elsewhere }) => elsewhere !== null).map(({ site }) => site);
      const own = rows.filter((row) => row.own).map(({ site }) => site);
      return {
        sites: await targets(pool, container, asked.slice(0, SITES).map(({ site }) => site)), failing,
        second: await secondContainer(pool, container, own.length > 0 ? own : failing),
      };
    },

    async noteProbedAgain({ incident, found, second, elsewhere }: {
      readonly incident: number | null; readonly found: Found; readonly second: OfIncarnation | null; readonly elsewhere: Found | null;
    }): Promise<void> {
      if (incident === null) return;
      await noteIncident(pool, incident, 'probed again', { ...found, ...(elsewhere && second ? { elsewhere: { container: second.container, ...elsewhere } } : {}) });
    },

    async noteRestarted({ incident, restarted }: { readonly incident: number | null; readonly restarted: readonly Restarted[] }): Promise<void> {
      if (incident !== null) await noteIncident(pool, incident, 'vassals started anew', { restarted });
    },

    /** Whether the fault is gone, written into the ledger, from which the judge decides what follows. */
    async concludeRemediation({ incident, found, elsewhere, regenerated }: {
      readonly incident: number | null; readonly found: Found; readonly elsewhere: Found | null; readonly regenerated: boolean;
    }): Promise<{ result: RegenerateResult }> {
      // What fails in the second one as well is not this one's fault, and no reason to replace it.
      const isWell = found.reached && (found.bad.length === 0 || (regenerated && found.sites.every((site) => elsewhere?.sites.includes(site))));
      const confirmed = elsewhere?.reached === true;
      const result = isWell ? 'recovered' : !regenerated ? 'elsewhere-too' : confirmed ? 'persists' : 'unconfirmed';
      await concludeRun(pool, currentRun(), result);
      const what = regenerated ? `regenerated: ${result}` : isWell ? 'well when it was probed again' : 'fails in another container too';
      if (incident !== null) await noteIncident(pool, incident, what, { ...found });
      return { result };
    },
  };
}

/** The one that serves most of these sites well, ready and alive now. */
async function secondContainer(pool: Pool, container: string, failing: readonly string[]): Promise<OfIncarnation | null> {
  const { rows: [row] } = await translated(pool.query<OfIncarnation>(
    `select c.id as container, c.incarnation from container c
     where c.role = 'site' and c.wanted = 'running' and c.state = 'ready' and c.lease_expires_at > clock_timestamp() and c.id <> $1
     order by (select count(*) from latest_probe p where p.container = c.id and p.incarnation = c.incarnation and p.site = any($2) and p.verdict in ('up', 'slow')) desc, c.id
     limit 1`, [container, failing]));
  return row ?? null;
}

/** @throws ReeveError `superseded` */
export async function expectIncarnation(pool: Pool, { container, incarnation }: OfIncarnation): Promise<void> {
  const { rows: [row] } = await translated(pool.query<{ incarnation: number; wanted: string }>(
    'select incarnation, wanted from container where id = $1', [container]));
  if (row?.incarnation === incarnation && row.wanted === 'running') return;
  throw new ReeveError('superseded', row
    ? `container ${container} is incarnation ${row.incarnation}, wanted ${row.wanted}; this is about incarnation ${incarnation}`
    : `there is no container ${container}`, { subject: `container:${container}` });
}

/** A sample of the hostnames of each site that is still served: of what all other containers fail too, only where nothing else is left. */
export async function targets(pool: Pool, container: string, sites: readonly string[]): Promise<ProbePlan['sites']> {
  const broken = await brokenElsewhere(pool, container, sites);
  const found: { site: string; hostnames: ProbeTarget[] }[] = [];
  for (const site of sites) {
    try {
      found.push({ site, hostnames: await sampleOf(pool, site, broken) });
    } catch (error) {
      if (!isReeveError(error, 'superseded') && !isReeveError(error, 'not-found')) throw error;
    }
  }
  return found;
}
