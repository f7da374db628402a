-- A container that joins gets visitors once the run that launched it has seen it probe well; those that were there before, and
-- the first ones of a platform, are let in as they are.
alter table container add column admitted_at timestamptz default clock_timestamp();

create or replace view member_v1 as
  with member as (
    select c.id, c.incarnation, c.address, c.port, coalesce(c.lease_expires_at > clock_timestamp(), false) as heard,
      exists (select 1 from event e where e.id > c.observed_generation
        and c.observed_generation < (select generation from platform)
        and e.at < clock_timestamp() - interval '30 seconds') as behind
    from container c
    where c.role = 'site' and c.wanted = 'running' and c.state = 'ready' and c.address is not null and c.admitted_at is not null
  )
  select id, incarnation, address, port from member
    where not behind or not exists (select 1 from member other where other.heard and not other.behind);
