-- How each site container stands to the newest state of a site (DESIGN: convergence), whether it can be asked now or not:
-- one that is cut off or frozen may still serve what it last had. refused: it has tried the site's newest row and
-- quarantined it, so it will not follow.
create function site_service(p_site text)
  returns table (container text, present boolean, served boolean, refused boolean, why jsonb)
language sql stable as $$
  select c.id,
    c.wanted = 'running' and c.state = 'ready' and coalesce(c.lease_expires_at > clock_timestamp(), false),
    (c.observed_epoch, c.observed_generation) >= (p.epoch, r.rev)
      and q.site is null
      and not c.waiting_on @> jsonb_build_array(jsonb_build_object('on', 'vassal', 'site', p_site)),
    coalesce(q.wanted_rev >= r.site_rev, false),
    jsonb_build_object('observed', c.observed_generation, 'wanted', r.rev, 'waitingOn', c.waiting_on, 'quarantine', q.reason)
  from container c
    left join quarantine q on q.container = c.id and q.site = p_site
    cross join platform p
    cross join (select s.rev as site_rev,
      greatest(s.rev, (select max(h.rev) from hostname h where h.site = p_site)) as rev from site s where s.id = p_site) r
  where c.role = 'site' and c.state <> 'ended';
$$;

-- Those of them that a run waits for: ready and alive now.
create or replace function convergence(p_site text) returns table (container text, served boolean, refused boolean, why jsonb)
language sql stable as $$
  select container, served, refused, why from site_service(p_site) where present;
$$;
