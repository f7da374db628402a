import type { PlatformSettings } from '../../domain/desired.ts';
import type { Platform } from '../../domain/resources/platform.ts';
import type { SizingRow } from '../../domain/resources/scaling.ts';
import { withDefaults } from '../../domain/settings.ts';
import { translated } from '../errors.ts';
import type { Queryable } from '../pool.ts';

type StoredSizing = Omit<SizingRow, 'at'> & { at: string };
type Row = Omit<Platform, 'time' | 'converged' | 'scaling'> & {
  time: Date; settings: PlatformSettings; latest: StoredSizing | null; acted: StoredSizing | null;
};

/** One row of `sizing`, the newest that fits. */
const newest = (condition: string) => `(select to_jsonb(s) - 'id' from sizing s where ${condition} order by s.id desc limit 1)`;

/** The platform at a glance, in one query. @throws ReeveError `unavailable` */
export async function readPlatform(db: Queryable): Promise<Platform> {
  const { rows } = await translated(db.query<Row>(`
    select p.epoch, p.generation, p.paused, p.settings, clock_timestamp() as time,
      ${newest('true')} as latest, ${newest("s.action <> 'none'")} as acted,
      coalesce((select jsonb_object_agg(state, n) from (
        select case when wanted = 'running' and state <> 'starting' and coalesce(lease_expires_at, '-infinity') < clock_timestamp()
            then 'lost' else state end as state, count(*) as n
          from container where wanted <> 'ended' and state <> 'ended' group by 1) c), '{}') as containers,
      (select sum((load ->> 'requests')::float8) from container where role = 'site' and wanted = 'running' and lease_expires_at > clock_timestamp()) as requests,
      coalesce((select jsonb_object_agg(phase, n) from (
        select phase, count(*) as n from site where deleted_at is null group by 1) s), '{}') as sites,
      coalesce((select jsonb_object_agg(phase, n) from (
        select phase, count(*) as n from hostname where deleted_at is null group by 1) h), '{}') as hostnames,
      (select jsonb_build_object('up', coalesce(sum(up) filter (where fresh), 0), 'slow', coalesce(sum(slow) filter (where fresh), 0),
          'down', coalesce(sum(down) filter (where fresh), 0),
          'unknown', coalesce(sum(case when fresh then unknown else hostnames end), 0)) from sweep_fresh) as health,
      (select jsonb_build_object('open', count(*) filter (where state = 'open'), 'acknowledged', count(*) filter (where state = 'acknowledged'))
        from incident where state <> 'closed') as incidents,
      (select count(*)::int from approval_standing where standing = 'pending') as approvals,
      (select jsonb_build_object('requested', count(*) filter (where state = 'requested'),
          'running', count(*) filter (where state = 'running')) from run where state in ('requested', 'running')) as runs,
      coalesce((select jsonb_agg(jsonb_build_object('container', c.id, 'observedGeneration', c.observed_generation,
          'waitingOn', c.waiting_on) order by c.id)
        from container c where c.wanted = 'running' and c.state = 'ready' and c.lease_expires_at > clock_timestamp()
          and ((c.observed_epoch, c.observed_generation) < (p.epoch, p.generation) or c.waiting_on <> '[]'
            or exists (select 1 from quarantine q where q.container = c.id and q.incarnation = c.incarnation))), '[]') as behind
    from platform p`));
  const { settings, latest, acted, ...row } = rows[0]!;
  const { mode, min, max } = withDefaults(settings).scaling;
  return {
    ...row, converged: row.behind.length === 0, time: row.time.toISOString(),
    scaling: { mode, min, max, latest: sizingOf(latest), acted: sizingOf(acted) },
  };
}

const sizingOf = (row: StoredSizing | null): SizingRow | null => row && { ...row, at: new Date(row.at).toISOString() };
