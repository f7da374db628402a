-- Approvals as they stand now: a pending one may have expired, or be about something that has changed since it was asked
-- for (stale). Neither can be decided any more.
create view approval_standing as
  select a.*, case
    when a.state <> 'pending' then a.state
    when a.expires_at <= clock_timestamp() then 'expired'
    when a.request ->> 'type' = 'deleteSite' and not exists (select 1 from site s
      where s.id = a.request #>> '{input,site}' and s.deleted_at is null and s.phase in ('live', 'suspended', 'creating')) then 'stale'
    -- One that was restored and deleted again meanwhile is another deletion, which nobody has spoken of.
    when a.request ->> 'type' = 'purgeSite' and not exists (select 1 from site s
      where s.id = a.request #>> '{input,site}' and s.deleted_at is null and s.phase = 'deleted' and s.rev = (a.request ->> 'rev')::bigint) then 'stale'
    when a.request ->> 'type' = 'replaceContainer' and not exists (select 1 from container c
      where c.id = a.request #>> '{input,container}' and c.incarnation = (a.request #>> '{input,incarnation}')::int and c.wanted = 'running') then 'stale'
    else 'pending' end as standing
  from approval a;
