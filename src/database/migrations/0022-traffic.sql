-- Visitors' requests a second over time, as each container's agent measures them with its load (0008): what a page draws.

create table traffic (
  minute timestamptz not null,
  container text not null,
  -- the mean of what was recorded in that minute
  requests real not null,
  records integer not null default 1,
  primary key (minute, container)
);

create function record_traffic() returns trigger language plpgsql security definer as $$
begin
  insert into traffic as t (minute, container, requests)
    values (date_trunc('minute', now()), new.id, (new.load ->> 'requests')::real)
    on conflict (minute, container) do update
      set requests = (t.requests * t.records + excluded.requests) / (t.records + 1), records = t.records + 1;
  return null;
end $$;

create trigger record_traffic after update of load on container for each row
  when (new.role = 'site' and new.load ->> 'requests' is not null) execute function record_traffic();
