-- What changed of the latest probes comes as columns, and the first sweep of a container is written with nothing to
-- compare it to: as one JSON text, against a foreign key, 20,000 new hostnames took seconds (docs/decisions/health-storage.md).

-- A container's row goes for good only where someone removes it by hand; what is left of it then is in no view.
alter table latest_probe drop constraint latest_probe_container_fkey;

drop function store_sweep(text, integer, jsonb, bytea, text[]);
drop function store_verdicts(text, integer, jsonb);

-- One sweep, or (p_packed null) what suspects answered after it.
--
--   p: {"slot","startedAt","endedAt","intervalSeconds","hostnames","up","slow","down","unknown","names": hash}
--   p_hostname to p_since: what changed of the latest probes, a column an array; times in ms
--   → 'stored'
--     'kept'    a sweep of this slot is there already: nothing was written
--     'late'    kept for the history alone: it is older than two intervals, or than what is stored; no verdict changes
--     'names'   nothing was written: send the list of hostnames along
--
-- RV002 where the incarnation is over.
create function store_sweep(p_id text, p_incarnation integer, p jsonb, p_packed bytea, p_names text[],
    p_hostname text[], p_site text[], p_verdict text[], p_kind text[], p_status integer[], p_latency real[], p_answered text[], p_reason text[],
    p_failures integer[], p_first_failed bigint[], p_successes integer[], p_at bigint[], p_since bigint[]) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_slot timestamptz := (p ->> 'slot')::timestamptz;
  v_hash text := p ->> 'names';
  v_latest sweep_latest;
  v_late boolean;
  v_transitions integer := 0;
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

  -- A first verdict that is up or slow is no transition: nothing became otherwise.
  if not exists (select 1 from latest_probe where container = p_id) then
    insert into transition (at, container, incarnation, hostname, site, was, now, status, latency_ms, reason)
      select to_timestamp(g.since / 1000.0), p_id, p_incarnation, g.hostname, g.site, 'unknown', g.verdict, g.status, g.latency, g.reason
        from unnest(p_hostname, p_site, p_verdict, p_status, p_latency, p_reason, p_since)
            as g (hostname, site, verdict, status, latency, reason, since)
        where g.verdict = 'down';
    get diagnostics v_transitions = row_count;
    insert into latest_probe (container, hostname, site, incarnation, verdict, kind, status, latency_ms, answered_by, reason,
        failures, first_failed_at, successes, at, since)
      select p_id, g.hostname, g.site, p_incarnation, g.verdict, g.kind, g.status, g.latency, g.answered, g.reason,
          g.failures, to_timestamp(g.first_failed / 1000.0), g.successes, to_timestamp(g.at / 1000.0), to_timestamp(g.since / 1000.0)
        from unnest(p_hostname, p_site, p_verdict, p_kind, p_status, p_latency, p_answered, p_reason, p_failures, p_first_failed, p_successes, p_at, p_since)
          as g (hostname, site, verdict, kind, status, latency, answered, reason, failures, first_failed, successes, at, since);
  else
    insert into transition (at, container, incarnation, hostname, site, was, now, status, latency_ms, reason)
      select to_timestamp(g.since / 1000.0), p_id, p_incarnation, g.hostname, g.site, coalesce(b.verdict, 'unknown'), g.verdict, g.status, g.latency, g.reason
        from unnest(p_hostname, p_site, p_verdict, p_status, p_latency, p_reason, p_since)
            as g (hostname, site, verdict, status, latency, reason, since)
          left join latest_probe b on b.container = p_id and b.hostname = g.hostname
        where g.verdict <> coalesce(b.verdict, 'unknown') and (b.verdict is not null or g.verdict = 'down');
    get diagnostics v_transitions = row_count;
    insert into latest_probe as l (container, hostname, site, incarnation, verdict, kind, status, latency_ms, answered_by, reason,
        failures, first_failed_at, successes, at, since)
      select p_id, g.hostname, g.site, p_incarnation, g.verdict, g.kind, g.status, g.latency, g.answered, g.reason,
          g.failures, to_timestamp(g.first_failed / 1000.0), g.successes, to_timestamp(g.at / 1000.0), to_timestamp(g.since / 1000.0)
        from unnest(p_hostname, p_site, p_verdict, p_kind, p_status, p_latency, p_answered, p_reason, p_failures, p_first_failed, p_successes, p_at, p_since)
          as g (hostname, site, verdict, kind, status, latency, answered, reason, failures, first_failed, successes, at, since)
      on conflict (container, hostname) do update set site = excluded.site, incarnation = excluded.incarnation, verdict = excluded.verdict,
        kind = excluded.kind, status = excluded.status, latency_ms = excluded.latency_ms, answered_by = excluded.answered_by,
        reason = excluded.reason, failures = excluded.failures, first_failed_at = excluded.first_failed_at,
        successes = excluded.successes, at = excluded.at, since = excluded.since;
  end if;

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
