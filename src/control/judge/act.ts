/** The next step about one fault: decided by the pure ladder, and written down whatever it is. */
import { askApproval } from '../../database/approvals.ts';
import type { Actor } from '../../database/change.ts';
import { translated } from '../../database/errors.ts';
import { noteIncident } from '../../database/incidents.ts';
import { newId } from '../../database/new-id.ts';
import { type Client, type Pool, transaction } from '../../database/pool.ts';
import { pastActs, recordDecision } from '../../database/remediations.ts';
import { requestReplaceContainer } from '../../database/requests/replace-container.ts';
import { requestRun } from '../../database/run.ts';
import { newRequest } from '../../database/runs/request.ts';
import type { Fault } from '../../domain/diagnosis.ts';
import { isReeveError } from '../../domain/errors.ts';
import { type Decision, decide, type RemediationFacts, remembersMs } from '../../domain/remediation.ts';
import type { Judging } from './loop.ts';

export const JUDGE: Actor = { kind: 'system', id: 'judge', name: 'Judge' };

/** What is the same for all faults of one look. */
export type Situation = Omit<RemediationFacts, 'past' | 'approval'>;

interface About { readonly incident: number; readonly container: string | null; readonly incarnation: number | null; readonly facts: Record<string, unknown> }

export async function act({ pool, log }: Judging, fault: Fault, incident: number, situation: Situation): Promise<void> {
  const { container = null, incarnation = null } = fault;
  const past = container === null || incarnation === null ? []
    : await pastActs(pool, { incident, container, incarnation, cause: fault.cause }, remembersMs(situation.settings));
  // Decided about already; its run says how it goes.
  if (past.some(({ result }) => result === null)) return;
  const decision = decide(fault, { ...situation, past, approval: await approvalOf(pool, incident, container, incarnation) });
  const about: About = { incident, container, incarnation, facts: factsOf(fault, situation) };
  const wrote = await carriedOut(pool, decision, about);
  if (wrote) log.info('remediation', { incident, container, action: decision.action, decision: decision.decision, reason: decision.reason });
}

/** Request what was decided, with its ledger row, in one transaction; a subject that is busy is a reason not to act. */
async function carriedOut(pool: Pool, decision: Decision, about: About): Promise<boolean> {
  try {
    return await transaction(pool, 'begin', async (client) => {
      const { run, approval } = await requested(client, decision, about);
      const facts = approval ? { ...about.facts, approval } : about.facts;
      const wrote = await recordDecision(client, decision, { ...about, facts, run });
      if (wrote) await noteIncident(client, about.incident, `${decision.decision}: ${decision.action}`, { reason: decision.reason, ...(run ? { run } : {}) });
      return wrote;
    });
  } catch (error) {
    if (!isReeveError(error, 'busy') && !isReeveError(error, 'conflict')) throw error;
    return await recordDecision(pool, { action: decision.action, decision: 'refused', reason: error.message }, about);
  }
}

async function requested(client: Client, { action, decision }: Decision, { incident, container, incarnation }: About): Promise<{ run?: string; approval?: string }> {
  if (container === null || incarnation === null) return {};
  if (decision === 'awaiting-approval') {
    const successor = newId('c');
    await withdrawOlder(client, container, incarnation);
    return { approval: await askApproval(client, {
      kind: 'replacement', subject: `container:${container}`, by: JUDGE,
      request: { type: 'replaceContainer', input: { container, incarnation, successor, incident } },
    }) };
  }
  if (decision !== 'acted' || action === 'none') return {};
  if (action === 'replace') return { run: (await requestReplaceContainer({ db: client, actor: JUDGE }, { container, incarnation, incident })).run };
  const request = newRequest('remediateContainer', { container, incarnation, incident });
  await requestRun(client, request, JUDGE);
  return { run: request.id };
}

/** One asked for because of an earlier start, or of what is over, must not be taken for an answer to this one. */
async function withdrawOlder(client: Client, container: string, incarnation: number): Promise<void> {
  await translated(client.query(
    `update approval set state = 'rejected', decided_by = $3, decided_at = clock_timestamp()
     where kind = 'replacement' and state = 'pending' and subject = 'container:' || $1 and ((request #>> '{input,incarnation}')::int <> $2
       or exists (select 1 from incident i where i.id = (request #>> '{input,incident}')::bigint and i.state = 'closed'))`,
    [container, incarnation, JSON.stringify({ ...JUDGE, name: 'It was about an earlier start, or is over' })]));
}

/** What was withdrawn here is no person's word: it may be asked again. */
async function approvalOf(pool: Pool, incident: number, container: string | null, incarnation: number | null): Promise<RemediationFacts['approval']> {
  const { rows: [row] } = await translated(pool.query<{ state: NonNullable<RemediationFacts['approval']> }>(
    `select case when i.id <> $1 then 'of-another' when a.state = 'pending' and a.expires_at <= clock_timestamp() then 'expired' else a.state end as state
     from approval a join incident i on i.id = (a.request #>> '{input,incident}')::bigint
     where a.kind = 'replacement' and a.subject = 'container:' || $2 and (a.request #>> '{input,incarnation}')::int = $3
       and case when i.id = $1 then a.state in ('pending', 'expired') or (a.state = 'rejected' and a.decided_by ->> 'kind' <> 'system')
         else i.state <> 'closed' and a.state = 'pending' and a.expires_at > clock_timestamp() end
     order by i.id = $1 desc, a.requested_at desc limit 1`, [incident, container, incarnation]));
  return row?.state ?? null;
}

function factsOf(fault: Fault, { members, breaker, paused, settings, replacements }: Situation): Record<string, unknown> {
  return {
    domain: fault.domain, cause: fault.cause, sites: fault.sites, mode: settings.mode, paused, breaker,
    members: members.length, healthy: members.filter(({ healthy }) => healthy).length, replacements: replacements.length,
  };
}
