-- One that was told to end from outside (SIGTERM, `docker stop`) drains and ends though it is wanted: nobody's fault, and never
-- replaced, as only starting counted as not being ready.
create or replace function keep_unready_since() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.state = 'ready' then
    new.unready_since := null;
  elsif tg_op = 'INSERT' or old.state = 'ready' then
    new.unready_since := clock_timestamp();
  end if;
  return new;
end $$;
update container set unready_since = clock_timestamp() where state in ('draining', 'ended') and unready_since is null;
