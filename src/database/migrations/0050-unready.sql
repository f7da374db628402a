-- Since when a container has not been ready, over all its starts: one that dies and starts again before each start could
-- be called late would never be anybody's fault.
alter table container add column unready_since timestamptz default clock_timestamp();
update container set unready_since = case when state = 'starting' then started_at end;

create function keep_unready_since() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.state <> 'starting' then
    new.unready_since := null;
  elsif tg_op = 'INSERT' or old.state <> 'starting' then
    new.unready_since := clock_timestamp();
  end if;
  return new;
end $$;
revoke execute on function keep_unready_since() from public;
create trigger container_unready before insert or update of state on container for each row execute function keep_unready_since();
