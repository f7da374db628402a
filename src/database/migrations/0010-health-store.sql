-- How sweeps are stored. Agents call store_sweep(), and read back what they had stored; nothing else.

-- The newest sweep of each container: what is too late is measured against it, and pages count from it.
create table sweep_latest (
  container text primary key references container on delete cascade,
  incarnation integer not null,
  slot timestamptz not null,
  stored_at timestamptz not null default clock_timestamp(),
  interval_seconds integer not null,
  hostnames integer not null,
  up integer not null,
  slow integer not null,
  down integer not null,
  unknown integer not null,
  names text not null
);
create index sweep_stored on sweep (stored_at);

-- Up to which moment (of stored_at) rollups hold what was stored.
create table rollup_mark (step text primary key, stored_before timestamptz not null);
insert into rollup_mark values ('5m', '-infinity'), ('1h', '-infinity');

-- The partition that a moment belongs to; made if it is not there. Hours of sweep, days of rollup_5m, months of rollup_1h.
create function make_health_partition(p_table text, p_at timestamptz) returns text
language plpgsql as $$
declare
  v_unit text := case p_table when 'sweep' then 'hour' when 'rollup_5m' then 'day' when 'rollup_1h' then 'month' end;
  v_from timestamptz := date_trunc(v_unit, p_at, 'UTC');
  v_to timestamptz := date_trunc(v_unit, v_from + ('1 ' || v_unit)::interval + interval '1 minute', 'UTC');
  v_name text := p_table || '_' || to_char(v_from at time zone 'UTC', 'YYYYMMDDHH24');
begin
  if to_regclass(v_name) is not null then return v_name; end if;
  perform pg_advisory_xact_lock(7331002);
  if to_regclass(v_name) is not null then return v_name; end if;
  execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, p_table, v_from, v_to);
  -- It is compressed already.
  if p_table = 'sweep' then execute format('alter table %I alter column packed set storage external', v_name); end if;
  return v_name;
end $$;

-- Partitions that end before a moment. @returns the names of those dropped
create function drop_health_partitions(p_table text, p_before timestamptz) returns setof text
language plpgsql as $$
declare v record;
begin
  for v in select c.relname, (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz as ends
      from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = p_table::regclass
  loop
    if v.ends <= p_before then
      execute format('drop table %I', v.relname);
      return next v.relname;
    end if;
  end loop;
end $$;

-- One sweep, or (p_packed null) what suspects answered after it.
--
--   p: {"slot","startedAt","endedAt","intervalSeconds","hostnames","up","slow","down","unknown","names": hash,
--       "changed": [{"hostname","site","verdict","kind","status","latencyMs","answeredBy","reason","failures",
--                    "firstFailedAt","successes","at","since"}]}
--   → 'stored'
--     'kept'    a sweep of this slot is there already: nothing was written
--     'late'    kept for the history alone: it is older than two intervals, or than what is stored; no verdict changes
--     'names'   nothing was written: send the list of hostnames along
--
-- RV002 where the incarnation is over.
create function store_sweep(p_id text, p_incarnation integer, p jsonb, p_packed bytea, p_names text[]) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_slot timestamptz := (p ->> 'slot')::timestamptz;
  v_hash text := p ->> 'names';
  v_latest sweep_latest;
  v_late boolean;
  v_transitions integer;
begin
  perform 1 from container where id = p_id and incarnation = p_incarnation and state <> 'ended' for share;
  if not found then
    raise exception 'incarnation % of container % is over', p_incarnation, p_id
      using errcode = 'RV002', detail = jsonb_build_object('table', 'container', 'id', p_id, 'field', 'incarnation')::text;
  end if;
  if v_slot > clock_timestamp() + interval '5 minutes' or v_slot < clock_timestamp() - interval '47 hours' then
    return 'late';
  end if;
  select * into v_latest from sweep_latest where container = p_id for update;
  v_late := v_slot < clock_timestamp() - 2 * make_interval(secs => (p ->> 'intervalSeconds')::int)
    or (v_latest.incarnation = p_incarnation and v_slot < v_latest.slot);

  if p_packed is null then
    -- Suspects are asked between two sweeps, and belong to the one before.
    if v_late or v_latest.incarnation is distinct from p_incarnation or v_latest.slot <> v_slot then return 'late'; end if;
  else
    update sweep_names set used_at = clock_timestamp() where hash = v_hash and used_at < clock_timestamp() - interval '1 hour';
    if not found and not exists (select 1 from sweep_names where hash = v_hash) then
      if p_names is null then return 'names'; end if;
      insert into sweep_names (hash, hostnames) values (v_hash, p_names) on conflict do nothing;
    end if;
    perform make_health_partition('sweep', v_slot);
    insert into sweep (container, incarnation, slot, started_at, ended_at, hostnames, up, slow, down, unknown, names, packed)
      values (p_id, p_incarnation, v_slot, (p ->> 'startedAt')::timestamptz, (p ->> 'endedAt')::timestamptz, (p ->> 'hostnames')::int,
        (p ->> 'up')::int, (p ->> 'slow')::int, (p ->> 'down')::int, (p ->> 'unknown')::int, v_hash, p_packed)
      on conflict do nothing;
    if not found then return 'kept'; end if;
    if v_late then return 'late'; end if;
    if v_latest.names is distinct from v_hash then
      delete from latest_probe l where l.container = p_id
        and not exists (select 1 from sweep_names n, unnest(n.hostnames) as h where n.hash = v_hash and h = l.hostname);
    end if;
    insert into sweep_latest values (p_id, p_incarnation, v_slot, clock_timestamp(), (p ->> 'intervalSeconds')::int, (p ->> 'hostnames')::int,
        (p ->> 'up')::int, (p ->> 'slow')::int, (p ->> 'down')::int, (p ->> 'unknown')::int, v_hash)
      on conflict (container) do update set incarnation = excluded.incarnation, slot = excluded.slot, stored_at = excluded.stored_at,
        interval_seconds = excluded.interval_seconds, hostnames = excluded.hostnames, up = excluded.up, slow = excluded.slow,
        down = excluded.down, unknown = excluded.unknown, names = excluded.names;
  end if;

  v_transitions := store_verdicts(p_id, p_incarnation, p -> 'changed');
  if p_packed is null and v_transitions > 0 then
    update sweep_latest s set (up, slow, down, unknown) = (select count(*) filter (where verdict = 'up'), count(*) filter (where verdict = 'slow'),
        count(*) filter (where verdict = 'down'), count(*) filter (where verdict = 'unknown') from latest_probe where container = p_id)
      where s.container = p_id;
  end if;
  if v_transitions > 0 then
    perform pg_notify('reeve_health', jsonb_build_object('container', p_id, 'incarnation', p_incarnation, 'transitions', v_transitions)::text);
  end if;
  return 'stored';
end $$;

-- What changed of the latest probes. A first verdict that is up or slow is no transition: nothing became otherwise.
create function store_verdicts(p_id text, p_incarnation integer, p_changed jsonb) returns integer language sql as $$
  with given as (
    select g.* from jsonb_to_recordset(coalesce(p_changed, '[]')) as g (hostname text, site text, verdict text, kind text, status integer,
      "latencyMs" real, "answeredBy" text, reason text, failures integer, "firstFailedAt" timestamptz, successes integer,
      at timestamptz, since timestamptz)
  ), before as (
    select l.hostname, l.verdict from latest_probe l join given g using (hostname) where l.container = p_id
  ), written as (
    insert into latest_probe as l (container, hostname, site, incarnation, verdict, kind, status, latency_ms, answered_by, reason,
        failures, first_failed_at, successes, at, since)
      select p_id, hostname, site, p_incarnation, verdict, kind, status, "latencyMs", "answeredBy", reason,
        failures, "firstFailedAt", successes, at, since from given
      on conflict (container, hostname) do update set site = excluded.site, incarnation = excluded.incarnation, verdict = excluded.verdict,
        kind = excluded.kind, status = excluded.status, latency_ms = excluded.latency_ms, answered_by = excluded.answered_by,
        reason = excluded.reason, failures = excluded.failures, first_failed_at = excluded.first_failed_at,
        successes = excluded.successes, at = excluded.at, since = excluded.since
  ), moved as (
    insert into transition (at, container, incarnation, hostname, site, was, now, status, latency_ms, reason)
      select g.since, p_id, p_incarnation, g.hostname, g.site, coalesce(b.verdict, 'unknown'), g.verdict, g.status, g."latencyMs", g.reason
        from given g left join before b using (hostname)
        where g.verdict <> coalesce(b.verdict, 'unknown') and (b.verdict is not null or g.verdict = 'down')
      returning 1
  ) select count(*)::integer from moved;
$$;

-- An agent that starts again goes on from what it had stored.
create view latest_probe_v1 as
  select container, incarnation, hostname, site, verdict, kind, status, latency_ms, answered_by, reason, failures,
    first_failed_at, successes, at, since from latest_probe;

-- The newest sweep of each container that should serve, and whether it is new enough to say something.
create view sweep_fresh as
  select s.*, s.incarnation = c.incarnation and s.stored_at > clock_timestamp() - make_interval(secs => 3 * s.interval_seconds) as fresh
  from sweep_latest s join container c on c.id = s.container and c.wanted = 'running' and c.state <> 'ended';

-- What pages and decisions read: one row a hostname and container that should serve, with the verdict as it is now. A
-- container that was not heard of for three intervals is unknown, whatever was said last.
create view health as
  select l.hostname, l.site, l.container, c.incarnation, l.kind, l.status, l.latency_ms, l.answered_by, l.since, l.at, s.slot as swept_at,
    case when f.fresh then l.verdict else 'unknown' end as verdict,
    case when f.fresh then l.reason when s.slot is null then 'not probed yet'
      else 'not probed since ' || to_char(s.slot at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end as reason
  from latest_probe l
    join container c on c.id = l.container and c.wanted = 'running' and c.state <> 'ended'
    left join sweep_latest s on s.container = c.id
    cross join lateral (select coalesce(s.incarnation = c.incarnation and l.incarnation = c.incarnation
      and s.stored_at > clock_timestamp() - make_interval(secs => 3 * s.interval_seconds), false) as fresh) f;
