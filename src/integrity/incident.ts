import { closeIncident, noteIncident, openIncident, openIncidents } from '../database/incidents.ts';
import { recordDecision } from '../database/remediations.ts';
import { translated } from '../database/errors.ts';
import type { Pool } from '../database/pool.ts';
import type { Decision } from '../domain/remediation.ts';
import type { IntegrityReport } from '../domain/resources/drift.ts';

/** What was mended is history; what is still there after so long was not mended, and people should know. */
const PERSISTS_S = 5;
/** Ten checks, and as many mendings: it will not go away by itself. */
const ESCALATES_S = 600;
const CAUSE = 'drift';
/** `process:<site>.<digest>`: a vassal that does not run. A site that ends its own process is judged by its probes, in all containers at once. */
const VASSAL = `path like 'process:%.%'`;

/**
 * Open an incident on a container whose drift survives its mending, and close it when all is as it should be. Unknown does
 * neither; nor does what could not be mended yet (a busy container takes its time), unless that goes on for long. Files are made anew at each check and by each agent, whatever the mode, and while the platform is paused: desired
 * state is what they are, and to stop that would leave a container on nobody's configuration. Replacing is what pauses; for
 * files alone nothing is replaced, since what the container serves is judged by its probes.
 */
export async function followDrift(pool: Pool, { container, incarnation, verdict, drift }: IntegrityReport, mended: boolean): Promise<void> {
  if (verdict === 'same') {
    const open = (await openIncidents(pool, [CAUSE])).filter((each) => each.container === container);
    for (const { id } of open) await closeIncident(pool, id, 'all files and processes are as they should be');
  }
  if (verdict !== 'drift') return;
  const { rows } = await translated(pool.query<{ path: string; seconds: number }>(
    `select path, extract(epoch from clock_timestamp() - found_at)::float8 as seconds from drift
     where container = $1 and mended_at is null and found_at < clock_timestamp() - make_interval(secs => case when ${VASSAL} then ${ESCALATES_S} else $2 end)
       and not (${VASSAL} and exists (select 1 from incident i where i.state <> 'closed' and i.subject = 'site:' || split_part(split_part(path, ':', 2), '.', 1)))
     order by id limit 20`,
    [container, mended ? PERSISTS_S : ESCALATES_S]));
  if (rows.length === 0) return;
  const lasts = rows.some(({ seconds }) => seconds >= ESCALATES_S);
  const { id: incident } = await openIncident(pool, {
    subject: `container:${container}`, cause: CAUSE, severity: lasts ? 'critical' : 'warning', container, incarnation,
    title: `${drift.length} files or processes of ${container} are not as they should be, and mending did not help`,
    evidence: { paths: rows.map(({ path }) => path), drifted: drift.length },
  });
  const decision: Decision = lasts
    ? { action: 'replace', decision: 'refused', reason: 'mending does not last: a person must look. For files alone no container is replaced while its sites answer well' }
    : { action: 'regenerate', decision: 'acted', reason: 'all was generated anew, as at every check, and some of it differs still' };
  const wrote = await recordDecision(pool, decision, { incident, container, incarnation, facts: { drifted: drift.length }, ...(lasts ? {} : { result: 'persists' as const }) });
  if (wrote) await noteIncident(pool, incident, `${decision.decision}: ${decision.action}`, { reason: decision.reason });
}
