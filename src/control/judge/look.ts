/** One look of the judge: read, diagnose, write incidents down, take the next step of each, close what is over. */
import { translated } from '../../database/errors.ts';
import { goneSubjects, type LeaseRow, readCells, readLeases, readQuarantines, serversOf } from '../../database/evidence.ts';
import { addEvidence, closeIncident, type OpenIncident, openIncident, openIncidents } from '../../database/incidents.ts';
import { readPlatformSettings } from '../../database/read/platform-settings.ts';
import { concludeOrphans } from '../../database/remediations.ts';
import { recentReplacements } from '../../database/replacements.ts';
import { CHECKED_CAUSES, closingReason, DIAGNOSED_CAUSES } from '../../domain/closing.ts';
import { type Cell, diagnose, type Diagnosis, type Evidence, type Fault } from '../../domain/diagnosis.ts';
import type { HealthSettings } from '../../domain/health-settings.ts';
import { keyOf, type LeaseMemory, lookAtLeases, NO_MEMORY } from '../../domain/lease.ts';
import { type MemberFact, READY_WITHIN_MS } from '../../domain/member-faults.ts';
import { lookAtStandstill, type Standstill, type StandstillMemory } from '../../domain/standstill.ts';
import { inTurn } from '../../domain/turns.ts';
import { act, type Situation } from './act.ts';
import type { Judging } from './loop.ts';

/** In one look; what is more has its turn at the next one. */
const FAULTS = 200;
/** Of so many incidents in one look, the last traceback is asked for, by turns. */
const TRACEBACKS = 5;

/** What the judge remembers between two looks; nothing of it is kept over its own restart. */
export interface Memory { readonly leases: LeaseMemory; readonly standstill: StandstillMemory }

export const NOTHING: Memory = { leases: NO_MEMORY, standstill: new Map() };

/** @returns what the judge remembers until its next look */
export async function look(judging: Judging, before: Memory): Promise<Memory> {
  const { pool, log } = judging;
  await concludeOrphans(pool);
  const { remediation: settings, health, integrity, scaling } = await readPlatformSettings(pool);
  const { now, leases } = await readLeases(pool, integrity.intervalSeconds);
  // One that was ended has said so: it is not silent, and no witness for others.
  const { memory, lost, steady } = lookAtLeases(before.leases, now, leases.filter(({ state }) => state !== 'ended'));
  const standstill = lookAtStandstill(before.standstill, {
    now, members: leases, quarantines: await readQuarantines(pool), integrityEveryMs: integrity.intervalSeconds * 1_000,
    heldSince: (of) => memory.heldSince.get(keyOf(of)) ?? null,
  });
  const open = await openIncidents(pool, DIAGNOSED_CAUSES);
  const membersOf = (role: LeaseRow['role']) => leases.filter((each) => each.role === role).flatMap((each) => memberFact(each, lost, now - memory.steadySince));
  const members = membersOf('site');
  // One that stands still is no replacement for another: the edge leaves it out before long.
  const unfit = new Set([
    ...leases.filter(({ onTime }) => !onTime).map(({ id }) => id),
    ...standstill.faults.flatMap(({ cause, container }) => (container && (cause === 'behind' || cause.startsWith('waits:')) ? [container] : [])),
  ]);
  const evidence = await gather(judging, { members, edges: membersOf('edge'), steady }, open, { now, health });
  const diagnosis = diagnose(evidence, settings);

  const { rows: [platform] } = await translated(pool.query<{ paused: boolean; hostnames: number }>('select paused, hostnames from platform'));
  const empty = platform!.hostnames === 0;
  const situation: Situation = {
    now, settings, paused: platform!.paused, breaker: diagnosis.breaker, min: scaling.mode === 'on' ? scaling.min : 0, replacements: await recentReplacements(pool),
    // Of two that vanish together, one lease lapses first: by then the other has missed a renewal.
    members: members.map(({ id, liveness }) => ({ id, healthy: liveness === 'alive' && !unfit.has(id) && !isBroken(diagnosis, id) && (empty || isKnown(diagnosis, id)) })),
  };
  const untraced: { id: number; fault: Fault }[] = [];
  for (const fault of inTurn([...diagnosis.faults, ...standstill.faults], open, FAULTS)) {
    const incident = await openIncident(pool, { ...fault, evidence: { domain: fault.domain, sites: fault.sites, seen: fault.seen, breaker: diagnosis.breaker } });
    if (incident.opened) log.warn('incident', { incident: incident.id, was: 'none', now: 'open', subject: fault.subject, cause: fault.cause });
    await act(judging, fault, incident.id, situation);
    if (incident.untraced) untraced.push({ id: incident.id, fault });
  }
  await addTracebacks(judging, untraced, evidence.cells, now);
  await closeOver(judging, [...open, ...await openIncidents(pool, CHECKED_CAUSES)], { diagnosis, standstill, leases, members, empty });
  return { leases: memory, standstill: standstill.memory };
}

/**
 * A member that should serve; none while it starts, in time or with a run that waits for it.
 * @param lookedMs for how long the judge has looked without a gap: where all was stopped, all of them are given their time anew
 */
function memberFact(row: LeaseRow, lost: ReadonlySet<string>, lookedMs: number): MemberFact[] {
  const { id, incarnation, state, ready, holds, busy, unreadyMs, waitingOn } = row;
  if (ready) return [{ id, incarnation, liveness: holds ? 'alive' : lost.has(keyOf(row)) ? 'lost' : 'unknown' }];
  if (busy !== null || unreadyMs === null || Math.min(unreadyMs, lookedMs) < READY_WITHIN_MS) return [];
  const said = state === 'starting' ? waitingOn.map(({ on, message }) => `${id} waits for ${on}: ${message}`) : [`${id} was told to end from outside: it is ${state}`];
  return [{ id, incarnation, liveness: 'not-ready', said }];
}

const isBroken = ({ faults }: Diagnosis, id: string) => faults.some((fault) => fault.domain === 'container' && fault.container === id);

/** That nothing bad is known of one of which nothing is known does not make it well. */
const isKnown = ({ known }: Diagnosis, id: string) => known.has(`container:${id}`);

/** After what is to be done: a container that does not answer holds nothing up but this. Asked again at the next look where there was none yet. */
async function addTracebacks({ pool, askTraceback }: Judging, untraced: readonly { id: number; fault: Fault }[], cells: readonly Cell[], now: number): Promise<void> {
  const about = untraced.flatMap(({ id, fault: { sites: [site], container } }) => {
    const cell = cells.find((each) => each.site === site && each.verdict === 'down' && (container === undefined || each.container === container));
    return cell ? [{ id, cell }] : [];
  });
  const first = Math.floor(now / 1_000) % Math.max(1, about.length);
  await Promise.all([...about.slice(first), ...about.slice(0, first)].slice(0, TRACEBACKS).map(async ({ id, cell: { container, site } }) => {
    const text = await askTraceback(container, site);
    if (text !== null) await addEvidence(pool, id, { traceback: { container, site, text } });
  }));
}

/** Verdicts are read only when some are bad, or something is open: a platform that is well costs one small query. */
async function gather(
  { pool, askDatabases }: Judging, leases: Pick<Evidence, 'members' | 'edges' | 'steady'>, open: readonly OpenIncident[], at: { now: number; health: HealthSettings },
): Promise<Evidence> {
  const { rows } = await translated(pool.query(
    `select 1 from latest_probe p join container c on c.id = p.container and c.incarnation = p.incarnation and c.wanted = 'running' and c.state <> 'ended'
     where p.verdict = 'down' limit 1`));
  if (rows.length === 0 && open.length === 0 && leases.members.every(({ liveness }) => liveness === 'alive')) return { ...leases, cells: [], databases: [], settling: new Set(), serverOf: new Map() };
  const cells = await readCells(pool);
  const serverOf = await serversOf(pool, [...new Set(cells.filter(({ verdict }) => verdict === 'down').map(({ site }) => site))]);
  const ofDatabases = open.flatMap((each) => (each.subject.startsWith('database:') ? [{ ...each, server: each.subject.slice('database:'.length) }] : []));
  // Of every site that is down anywhere: before the last container has seen it, a full server looks like one container's fault.
  const toAsk = new Set([...serverOf.values(), ...ofDatabases.map(({ server }) => server)]);
  const settling = new Set(ofDatabases.filter(({ seenAt }) => at.now - seenAt < settlesWithin(at.health)).map(({ server }) => server));
  return { ...leases, cells, serverOf, settling, databases: toAsk.size > 0 ? await askDatabases([...toAsk]) : [] };
}

/** Until a site that is well again has been heard often enough: the next sweep, and then as a suspect. */
const settlesWithin = ({ intervalSeconds, suspectSeconds, upAfterSuccesses }: HealthSettings) =>
  (intervalSeconds + suspectSeconds * upAfterSuccesses + 15) * 1_000;

async function closeOver(
  { pool, log }: Judging, open: readonly OpenIncident[],
  { diagnosis, standstill, leases, members, empty }: {
    diagnosis: Diagnosis; standstill: Standstill; leases: readonly LeaseRow[]; members: readonly MemberFact[]; empty: boolean;
  },
): Promise<void> {
  if (open.length === 0) return;
  const gone = await goneSubjects(pool, open.map(({ subject }) => subject));
  const alive = new Set(leases.filter(({ ready, holds }) => ready && holds).map(({ id }) => `container:${id}`));
  // One that starts is no member yet, and was one a moment ago perhaps: with all of them away nothing would be left to doubt.
  const wanted = leases.filter(({ role }) => role === 'site');
  const living = members.filter(({ liveness }) => liveness === 'alive');
  const [allAlive, mostAlive] = [living.length === wanted.length, living.length * 2 >= wanted.length];
  const allCertain = members.length === wanted.length && members.every(({ liveness }) => liveness !== 'unknown');
  const allKnown = empty || (living.length > 0 && living.every(({ id }) => isKnown(diagnosis, id)));
  for (const incident of open) {
    const why = closingReason(incident, { diagnosis, standstill, gone, alive, allAlive, allCertain, mostAlive, allKnown });
    if (why === null) continue;
    await closeIncident(pool, incident.id, why);
    log.info('incident', { incident: incident.id, was: 'open', now: 'closed', subject: incident.subject, why });
  }
}
