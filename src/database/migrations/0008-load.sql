-- What a container carries, as its agent measures it (domain/observed.ts: Load), and what was made of it.
-- (What agents record it with is in 0019.)

alter table container add column load jsonb;

-- A look at the size of the cluster, and what was decided: also not to act. Kept for a week.
create table sizing (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  containers integer not null,
  -- how many the load asked for, within the bounds; null where nothing was measured
  enough integer,
  action text not null check (action in ('none', 'launch', 'drain')),
  reason text not null,
  -- the container concerned, and the run that was requested
  container text,
  run text
);
create index sizing_at on sizing (at desc);
