-- What agents read and write. Their role reads the desired_v1 views and calls these functions, nothing else: so an
-- agent writes only its own observations, and a stale incarnation is refused here as well (law 4).

create view desired_v1_platform as
  select epoch, generation, sites, hostnames, settings from platform;
create view desired_v1_site as
  select id, rev, number, name, phase, release, previous_release as "previousRelease",
    database_server as "databaseServer", secret_version as "secretVersion", settings, store, env,
    deleted_at is not null as deleted from site;
create view desired_v1_hostname as
  select hostname, rev, site, role, phase, https, deleted_at is not null as deleted from hostname;
create view desired_v1_release as
  select id, rev, phase, digest, manifest, deleted_at is not null as deleted from release;
create view desired_v1_database_server as
  select id, rev, host, port, deleted_at is not null as deleted from database_server;

-- Members of the cluster that the edge may use: ready, alive, and not more than 30 s behind.
create view member_v1 as
  select c.id, c.incarnation, c.address, c.port from container c
  where c.role = 'site' and c.wanted = 'running' and c.state = 'ready' and c.address is not null
    and c.lease_expires_at > clock_timestamp()
    and not exists (select 1 from event e where e.id > c.observed_generation
      and c.observed_generation < (select generation from platform)
      and e.at < clock_timestamp() - interval '30 seconds');

-- A start of a container: the next incarnation, or the one it has (its agent was restarted, not the container).
create function join_container(p_id text, p_incarnation integer, p_place jsonb) returns integer
language plpgsql security definer as $$
declare v_incarnation integer;
begin
  update container set
      incarnation = case when p_incarnation = incarnation and p_incarnation > 0 then incarnation else incarnation + 1 end,
      state = case when p_incarnation = incarnation and p_incarnation > 0 then state else 'starting' end,
      started_at = case when p_incarnation = incarnation and p_incarnation > 0 then started_at else clock_timestamp() end,
      address = p_place ->> 'address', port = (p_place ->> 'port')::int, agent_url = p_place ->> 'agentUrl',
      layout = p_place -> 'layout', seen_at = clock_timestamp(),
      lease_expires_at = clock_timestamp() + interval '15 seconds'
    where id = p_id and wanted <> 'ended' and (p_incarnation = 0 or p_incarnation = incarnation)
    returning incarnation into v_incarnation;
  if not found then
    raise exception 'container % is not wanted, or incarnation % is not its own', p_id, p_incarnation
      using errcode = 'RV002', detail = jsonb_build_object('table', 'container', 'id', p_id, 'field', 'incarnation')::text;
  end if;
  delete from quarantine where container = p_id and incarnation <> v_incarnation;
  perform pg_notify('reeve_member', p_id);
  return v_incarnation;
end $$;

-- The agent's record, and its lease. Refuses a stale incarnation, and never lets the observed generation fall within one.
create function observe_container(p_id text, p_incarnation integer, p jsonb) returns text
language plpgsql security definer as $$
declare v_old container; v_new container;
begin
  select * into v_old from container where id = p_id and incarnation = p_incarnation for update;
  if not found then
    raise exception 'incarnation % of container % is over', p_incarnation, p_id
      using errcode = 'RV002', detail = jsonb_build_object('table', 'container', 'id', p_id, 'field', 'incarnation')::text;
  end if;
  update container set
      state = coalesce(p ->> 'state', state),
      observed_epoch = case when ((p ->> 'epoch')::int, (p ->> 'generation')::bigint) >= (observed_epoch, observed_generation)
        then (p ->> 'epoch')::int else observed_epoch end,
      observed_generation = case when ((p ->> 'epoch')::int, (p ->> 'generation')::bigint) >= (observed_epoch, observed_generation)
        then (p ->> 'generation')::bigint else observed_generation end,
      digests = coalesce(p -> 'digests', digests),
      waiting_on = coalesce(p -> 'waitingOn', waiting_on),
      vassals = coalesce(p -> 'vassals', vassals),
      seen_at = clock_timestamp(),
      lease_expires_at = clock_timestamp() + interval '15 seconds'
    where id = p_id returning * into v_new;
  if p ? 'quarantined' then
    delete from quarantine q where q.container = p_id
      and not exists (select 1 from jsonb_array_elements(p -> 'quarantined') e where e ->> 'site' = q.site);
    insert into quarantine (container, incarnation, site, wanted_rev, served_rev, reason)
      select p_id, p_incarnation, e ->> 'site', (e ->> 'wantedRev')::bigint, (e ->> 'servedRev')::bigint, e ->> 'reason'
        from jsonb_array_elements(p -> 'quarantined') e
      on conflict (container, site) do update set incarnation = excluded.incarnation,
        wanted_rev = excluded.wanted_rev, served_rev = excluded.served_rev, reason = excluded.reason;
  end if;
  insert into drift (container, incarnation, path, kind)
    select p_id, p_incarnation, e ->> 'path', e ->> 'kind' from jsonb_array_elements(coalesce(p -> 'drift', '[]')) e;
  if v_old.state <> v_new.state or v_old.lease_expires_at < clock_timestamp() then
    perform pg_notify('reeve_member', p_id);
  end if;
  if v_old.observed_generation <> v_new.observed_generation or v_old.waiting_on <> v_new.waiting_on then
    perform pg_notify('reeve_observed', jsonb_build_object('container', p_id, 'generation', v_new.observed_generation)::text);
  end if;
  return v_new.wanted;
end $$;

-- Whether a container serves the newest state of a site (DESIGN: convergence). Agents that are not ready and alive
-- now are not waited for. refused: it has tried the site's newest row and quarantined it, so it will not follow.
create function convergence(p_site text) returns table (container text, served boolean, refused boolean, why jsonb)
language sql stable as $$
  select c.id,
    c.observed_generation >= r.rev
      and q.site is null
      and not c.waiting_on @> jsonb_build_array(jsonb_build_object('on', 'vassal', 'site', p_site)),
    coalesce(q.wanted_rev >= r.site_rev, false),
    jsonb_build_object('observed', c.observed_generation, 'wanted', r.rev, 'waitingOn', c.waiting_on, 'quarantine', q.reason)
  from container c
    left join quarantine q on q.container = c.id and q.site = p_site
    cross join (select s.rev as site_rev,
      greatest(s.rev, (select max(h.rev) from hostname h where h.site = p_site)) as rev from site s where s.id = p_site) r
  where c.role = 'site' and c.wanted = 'running' and c.state = 'ready' and c.lease_expires_at > clock_timestamp();
$$;
