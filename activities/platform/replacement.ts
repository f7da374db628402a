/** Replacing a container, as steps; each may be repeated. Launching, draining and ending are those of any container. */
import { admitContainer } from '../../src/cluster/rows.ts';
import { translated } from '../../src/database/errors.ts';
import { followed, wellElsewhere } from '../../src/database/health/elsewhere.ts';
import { noteIncident } from '../../src/database/incidents.ts';
import { type Pool, transaction } from '../../src/database/pool.ts';
import { concludeRun } from '../../src/database/remediations.ts';
import { endSlot, reasonGone, settleSlot, takeSlot } from '../../src/database/replacements.ts';
import { isReeveError, ReeveError } from '../../src/domain/errors.ts';
import type { RunInputs } from '../../src/domain/run.ts';
import { expectRunning } from '../../src/sites/subject.ts';
import { currentRun } from '../../src/temporal/current-run.ts';
import type { Found } from '../../src/temporal/workflow/inside.ts';
import type { OfIncarnation } from './integrity.ts';
import { expectIncarnation, type ProbePlan, targets } from './remediation.ts';

type Replacing = RunInputs['replaceContainer'];

/** A sample is enough to tell a container that serves from one that does not. */
const SITES = 20;

type JoiningPlan = ProbePlan & { readonly incarnation: number };

/** @throws ReeveError `step-failed`, with what it answers */
function requireWell(container: string, { reached, bad }: Found): void {
  const subject = `container:${container}`;
  if (!reached) throw new ReeveError('step-failed', `container ${container} was launched, but its agent does not answer`, { subject });
  if (bad.length > 0) {
    throw new ReeveError('step-failed', `container ${container} was launched, but does not serve well: ${bad.slice(0, 3).join('; ')}`, { subject });
  }
}

export function replacementActivities({ pool }: { readonly pool: Pool }) {
  /** Sites with a hostname that is well somewhere, or of which nothing is known: what is down everywhere says nothing of the new one. An edge has none. */
  async function planJoining(container: string): Promise<JoiningPlan> {
    const { rows: [row] } = await translated(pool.query<{ incarnation: number; role: string }>('select incarnation, role from container where id = $1', [container]));
    if (!row) throw new ReeveError('superseded', `there is no container ${container}`, { subject: `container:${container}` });
    if (row.role === 'edge') return { incarnation: row.incarnation, sites: [] };
    const { rows } = await translated(pool.query<{ site: string }>(
      `select s.id as site from site s where s.phase in ('live', 'suspended') and s.deleted_at is null
         and ${followed('s.id', 's.rev', '$1')}
         and exists (select 1 from hostname h where h.site = s.id and h.phase = 'bound' and h.deleted_at is null and ${wellElsewhere('h', '$1')} is not false)
       order by s.id limit ${SITES}`, [container]));
    return { incarnation: row.incarnation, sites: await targets(pool, container, rows.map(({ site }) => site)) };
  }

  /** Why nothing is to be done about this start of a container any more; null while it is the one that runs. */
  async function startedAnew(meant: OfIncarnation): Promise<{ closed: true; why: string } | null> {
    try {
      await expectIncarnation(pool, meant);
      return null;
    } catch (error) {
      if (!isReeveError(error, 'superseded')) throw error;
      return { closed: true, why: error.message };
    }
  }

  return {
    /** @throws ReeveError `superseded`, or `conflict` when another container is being replaced */
    async takeReplacementSlot(replacing: Replacing): Promise<void> {
      await expectRunning(pool, currentRun());
      await takeSlot(pool, { ...replacing, run: currentRun() });
      if (replacing.incident !== null) await noteIncident(pool, replacing.incident, 'replacing', { run: currentRun(), successor: replacing.successor });
    },

    planSuccessorProbe: ({ successor }: Pick<Replacing, 'successor'>): Promise<JoiningPlan> => planJoining(successor),
    planJoiningProbe: ({ container }: { readonly container: string }): Promise<JoiningPlan> => planJoining(container),

    /** It probes well: visitors are sent to it from now on. @throws ReeveError `step-failed` when it does not */
    async admit({ container, found }: { readonly container: string; readonly found: Found }): Promise<void> {
      await expectRunning(pool, currentRun());
      requireWell(container, found);
      await admitContainer(pool, container);
    },

    /**
     * The last look before the old one goes: the new one probes well and is a member that the edge is given, the old one is
     * still the incarnation that was meant, and has not recovered meanwhile.
     */
    async confirmReplaceable({ container, incarnation, successor, incident, found }: Replacing & { readonly found: Found }): Promise<void> {
      const subject = `container:${successor}`;
      requireWell(successor, found);
      await expectIncarnation(pool, { container, incarnation });
      const gone = incident === null ? null : await reasonGone(pool, { incident, run: currentRun() });
      if (gone?.closed) throw new ReeveError('superseded', gone.why, { subject });
      // Last: one that is not to stay is sent nobody.
      await admitContainer(pool, successor);
      const { rowCount } = await translated(pool.query('select 1 from member_v1 where id = $1', [successor]));
      if (rowCount !== 1) throw new ReeveError('step-failed', `container ${successor} probes well, but is no member that the edge may use`, { subject });
    },

    async completeReplacement({ container, successor, incident }: Replacing): Promise<void> {
      // At once: with the slot given back the judge may close the incident, and its story ends with that.
      await transaction(pool, 'begin', async (client) => {
        await endSlot(client, currentRun(), 'completed', `replaced by ${successor}`);
        await concludeRun(client, currentRun(), 'completed');
        if (incident !== null) await noteIncident(client, incident, 'replaced', { container, successor });
      });
    },

    /** Of a run that was cut off, as it was left: whether the old one had been told to go. */
    async settleReplacement({ of, container, successor, replaced }: {
      readonly of: string; readonly container: string; readonly successor: string; readonly replaced: boolean;
    }): Promise<void> {
      await transaction(pool, 'begin', async (client) => {
        const state = replaced ? 'completed' : 'failed';
        const incident = await settleSlot(client, of, state, replaced ? `replaced by ${successor}` : `${successor} did not take its place`);
        await concludeRun(client, of, state);
        if (incident === null) return;
        if (replaced) await noteIncident(client, incident, 'replaced', { container, successor });
        else await noteIncident(client, incident, 'not replaced', { successor, why: 'its run was cut off', run: of });
      });
    },

    /**
     * The old one stays; what was begun is written down as failed, which ends the ladder, unless its reason was over: its
     * incident is closed, or the container has started anew. One that never had the slot has done nothing.
     */
    async failReplacement({ container, incarnation, successor, incident }: Replacing): Promise<void> {
      const gone = await startedAnew({ container, incarnation }) ?? (incident === null ? null : await reasonGone(pool, { incident, run: currentRun() }));
      const state = gone?.closed ? 'superseded' : 'failed';
      const slot = await endSlot(pool, currentRun(), state, `${successor} did not take its place`);
      await concludeRun(pool, currentRun(), slot ?? 'superseded');
      if (incident !== null) await noteIncident(pool, incident, 'not replaced', { successor, why: gone?.why ?? 'see the run', run: currentRun() });
    },
  };
}
