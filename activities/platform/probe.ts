import { translated } from '../../src/database/errors.ts';
import { followed, wellElsewhere } from '../../src/database/health/elsewhere.ts';
import type { Pool } from '../../src/database/pool.ts';
import { setCondition } from '../../src/database/runs/condition.ts';
import { hostnamesOf, liveSite } from '../../src/database/runs/subject.ts';
import type { PlatformSettings } from '../../src/domain/desired.ts';
import { probeTarget, type ProbeTarget } from '../../src/domain/probe.ts';
import type { ProbeSummary } from '../../src/temporal/workflow/outcome.ts';

export interface ProbePlan {
  /** Ready and alive now. */
  readonly containers: readonly { readonly container: string; readonly incarnation: number }[];
  readonly hostnames: readonly ProbeTarget[];
}

export function probeActivities({ pool }: { readonly pool: Pool }) {
  return {
    /** Whom to ask for what. */
    async planProbe({ site }: { readonly site: string }): Promise<ProbePlan> {
      const { rows: containers } = await translated(pool.query<{ container: string; incarnation: number }>(
        `select id as container, incarnation from container where role = 'site' and wanted = 'running' and state = 'ready'
           and lease_expires_at > clock_timestamp() order by id`));
      return { containers, hostnames: await targetsOf(pool, site) };
    },

    /** Keep what was found as the site's condition; the step fails in its record where a container answered badly. */
    async reportProbe({ site, summary }: { readonly site: string; readonly summary: ProbeSummary }): Promise<void> {
      const { containers, bad, unreachable } = summary;
      const asked = containers - unreachable.length;
      await setCondition(pool, site, 'Serving', asked === 0
        ? { status: 'unknown', reason: 'NotProbed', message: containers === 0 ? 'no container is ready' : 'no agent answers' }
        : bad.length > 0
          ? { status: 'false', reason: 'ProbeFailed', message: bad.slice(0, 5).join('; ') }
          : { status: 'true', reason: 'Probed', message: `in ${asked} of ${containers} containers` });
    },
  };
}

/** Of each site, the first ones: they have one vassal, and what it does shows at a few. What is planned is in the run's history, for good. */
const SAMPLE = 8;

/** Hostnames of these sites that are down in all other containers that know them, or that this one does not know yet: `container` is '' where all are meant. */
export async function brokenElsewhere(pool: Pool, container: string, sites: readonly string[]): Promise<string[]> {
  const { rows } = await translated(pool.query<{ hostname: string }>(
    `select h.hostname from hostname h where h.site = any($2) and h.deleted_at is null and (${wellElsewhere('h', '$1')} is false or not coalesce(${followed('h.site', 'h.rev', '$1')}, true))`, [container, sites]));
  return rows.map(({ hostname }) => hostname);
}

/**
 * As targetsOf, of a sample of its hostnames.
 * @param broken  left out, unless all of them are
 * @throws ReeveError `superseded` when the site is gone
 */
export async function sampleOf(pool: Pool, site: string, broken: readonly string[] = []): Promise<ProbeTarget[]> {
  const all = await targetsOf(pool, site);
  const others = all.filter(({ hostname }) => !broken.includes(hostname));
  return (others.length > 0 ? others : all).slice(0, SAMPLE);
}

/** A site's hostnames, the primary first, and what each must answer. @throws ReeveError `superseded` when the site is gone */
export async function targetsOf(pool: Pool, site: string): Promise<ProbeTarget[]> {
  const { phase } = await liveSite(pool, site);
  const bound = (await hostnamesOf(pool, site)).filter((each) => each.phase === 'bound');
  const { rows: [platform] } = await translated(pool.query<{ settings: PlatformSettings }>('select settings from platform'));
  const primary = bound.find((each) => each.role === 'primary');
  return [...(primary ? [primary] : []), ...bound.filter((each) => each !== primary)]
    .map((row) => probeTarget(row, { phase, primary: primary?.hostname, settings: platform!.settings }));
}
