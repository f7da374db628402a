/** The size of the cluster, as rows: what is measured, what was decided, what is under way. */
import { size, type Measured, type Recommendation, type SizedMember, type Sizing } from '../domain/size.ts';
import { isReeveError } from '../domain/errors.ts';
import type { Actor } from './change.ts';
import { translated } from './errors.ts';
import { type Pool, type Queryable, within } from './pool.ts';
import { readPlatformSettings } from './read/platform-settings.ts';
import { requestDrainContainer, requestLaunchContainer } from './requests/containers.ts';

const ACTOR: Actor = { kind: 'system', id: 'scaling', name: 'Scaling' };

/** After a launch or a drain that failed; as between two replacements (DESIGN.md §7). */
const COOL_DOWN_SECONDS = 600;

export interface Sized extends Sizing {
  readonly containers: number;
  /** The run that was requested. */
  readonly run: string | null;
}

/**
 * Look, decide, request what was decided, and write it down, in one transaction: whoever looks next sees this run, so
 * there is one at a time, however often this is repeated.
 * @throws ReeveError `unavailable`
 */
export async function sizeCluster(pool: Pool): Promise<Sized> {
  return await translated(within(pool, async (db) => {
    // The lock that orders all requests: nothing is asked for between the look and the request.
    await db.query('select 1 from platform for update');
    const measured = await measure(db);
    const sizing = size(measured);
    const { container, run, refused } = await act(db, sizing);
    const decided: Sized = { ...sizing, ...(refused ? { action: 'none', reason: refused } : {}), containers: measured.members.length, run };
    if (measured.policy.mode === 'off') return decided;
    await db.query(
      'insert into sizing (containers, enough, action, reason, container, run) values ($1, $2, $3, $4, $5, $6)',
      [decided.containers, decided.enough, decided.action, decided.reason, container, run]);
    await db.query("delete from sizing where at < clock_timestamp() - interval '7 days'");
    return decided;
  }));
}

async function measure(db: Queryable): Promise<Measured> {
  const { scaling: policy } = await readPlatformSettings(db);
  // What was measured by an agent that is silent since says nothing of now.
  const { rows: members } = await db.query<SizedMember>(
    `select id, incarnation, state = 'ready' and lease_expires_at > clock_timestamp() as ready,
       case when lease_expires_at > clock_timestamp() then load end as load
     from container where role = 'site' and wanted = 'running' order by id`);
  const { rows: past } = await db.query<Recommendation>(
    `select extract(epoch from at)::float8 * 1000 as at, enough from sizing
     where enough is not null and at > clock_timestamp() - make_interval(secs => $1 + 600) order by at`, [policy.stabilisation]);
  const { rows: [now] } = await db.query<{ now: number; paused: boolean; open: string | null; failed: string | null }>(
    `select extract(epoch from clock_timestamp())::float8 * 1000 as now, p.paused,
       (select type || ' ' || id from run where state in ('requested', 'running')
         and type in ('launchContainer', 'drainContainer', 'replaceContainer') order by requested_at limit 1) as open,
       (select r.id from sizing s join run r on r.id = s.run where s.action <> 'none' and r.state in ('failed', 'compensated')
         and r.ended_at > clock_timestamp() - make_interval(secs => $1) order by s.id desc limit 1) as failed
     from platform p`, [COOL_DOWN_SECONDS]);
  const busy = now!.paused ? 'the platform is paused'
    : now!.open ? `${now!.open} is under way`
      : now!.failed ? `run ${now!.failed} has failed: no other within ${COOL_DOWN_SECONDS / 60} minutes` : null;
  return { policy, members: members.map((member) => ({ ...member, ready: member.ready === true })), past, busy, now: now!.now };
}

/** A container that someone else holds by now is left to them: the next look sees what came of it. */
async function act(db: Queryable, sizing: Sizing): Promise<{ container: string | null; run: string | null; refused?: string }> {
  const asking = { db, actor: ACTOR, reason: sizing.reason };
  if (sizing.action === 'launch') return await requestLaunchContainer(asking);
  if (sizing.action !== 'drain') return { container: null, run: null };
  const container = sizing.container!;
  await db.query('savepoint act');
  try {
    const { run } = await requestDrainContainer(asking, { container: container.id, incarnation: container.incarnation });
    return { container: container.id, run };
  } catch (error) {
    if (!isReeveError(error) || error.type === 'unavailable') throw error;
    await db.query('rollback to savepoint act');
    return { container: container.id, run: null, refused: error.message };
  }
}
