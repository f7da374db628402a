-- Drift with what differed, and when it was mended; and the last integrity check of each container.

alter table drift
  add column diff text,
  -- `check`: found by comparing with what Postgres says; `agent`: found, and mended, by the container itself
  add column found_by text not null default 'agent' check (found_by in ('agent', 'check')),
  add column mended_at timestamptz;
update drift set mended_at = found_at;
create index drift_open on drift (container, path) where mended_at is null;

create table integrity_check (
  container text primary key references container on delete cascade,
  incarnation integer not null,
  at timestamptz not null default clock_timestamp(),
  verdict text not null check (verdict in ('same', 'drift', 'unknown')),
  reason text,
  files integer not null,
  drifted integer not null,
  -- when the verdict became this one
  since timestamptz not null default clock_timestamp()
);

-- An agent reports what it has just mended: of what a check has found before, that is the end, not another finding.
create function close_drift() returns trigger language plpgsql security definer as $$
begin
  if new.found_by <> 'agent' then return new; end if;
  update drift set mended_at = clock_timestamp() where container = new.container and path = new.path and mended_at is null;
  if found then return null; end if;
  new.mended_at := clock_timestamp();
  return new;
end $$;
create trigger drift_close before insert on drift for each row execute function close_drift();
