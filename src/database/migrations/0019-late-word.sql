-- What comes late. With the platform's Postgres away for longer than a lease, every lease has lapsed by the time that it
-- is back: an edge that took this for "no members" answered 503 for every site. So a lapse alone takes no member away
-- (DESIGN §6): who does not answer is found by the edge's own check. And one that is more than 30 s behind is left out
-- only where another one, which is heard of, is not: all of them behind is no reason to serve nothing.
create or replace view member_v1 as
  with member as (
    select c.id, c.incarnation, c.address, c.port, coalesce(c.lease_expires_at > clock_timestamp(), false) as heard,
      exists (select 1 from event e where e.id > c.observed_generation
        and c.observed_generation < (select generation from platform)
        and e.at < clock_timestamp() - interval '30 seconds') as behind
    from container c
    where c.role = 'site' and c.wanted = 'running' and c.state = 'ready' and c.address is not null
  )
  select id, incarnation, address, port from member
    where not behind or not exists (select 1 from member other where other.heard and not other.behind);

-- As before (0003), with the load; and an agent that was paused while its container was ended is told so, and changes nothing.
create or replace function observe_container(p_id text, p_incarnation integer, p jsonb) returns text
language plpgsql security definer as $$
declare v_old container; v_new container;
begin
  select * into v_old from container where id = p_id and incarnation = p_incarnation for update;
  if not found then
    raise exception 'incarnation % of container % is over', p_incarnation, p_id
      using errcode = 'RV002', detail = jsonb_build_object('table', 'container', 'id', p_id, 'field', 'incarnation')::text;
  end if;
  if v_old.wanted = 'ended' and v_old.state = 'ended' then return v_old.wanted; end if;
  update container set
      state = coalesce(p ->> 'state', state),
      observed_epoch = case when ((p ->> 'epoch')::int, (p ->> 'generation')::bigint) >= (observed_epoch, observed_generation)
        then (p ->> 'epoch')::int else observed_epoch end,
      observed_generation = case when ((p ->> 'epoch')::int, (p ->> 'generation')::bigint) >= (observed_epoch, observed_generation)
        then (p ->> 'generation')::bigint else observed_generation end,
      digests = coalesce(p -> 'digests', digests),
      waiting_on = coalesce(p -> 'waitingOn', waiting_on),
      vassals = coalesce(p -> 'vassals', vassals),
      load = coalesce(p -> 'load', load),
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
