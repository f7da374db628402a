-- Health as probes saw it. latest_probe changes only when something changed; a transition is one change of verdict;
-- a sweep is one packed row for a container and a slot, kept 48 h in hourly partitions; rollups are kept 30 days (5m)
-- and a year (1h). Partitions are made ahead and dropped by housekeeping.

create table latest_probe (
  container text not null references container on delete cascade,
  hostname text not null,
  site text not null,
  incarnation integer not null,
  verdict text not null check (verdict in ('up', 'slow', 'down', 'unknown')),
  kind text not null check (kind in ('deep', 'routed')),
  -- of the last probe that changed this row
  status integer,
  latency_ms real,
  answered_by text,
  reason text,
  -- hysteresis: consecutive ones, and when the first of them was
  failures integer not null default 0,
  first_failed_at timestamptz,
  successes integer not null default 0,
  at timestamptz not null,
  since timestamptz not null,
  primary key (container, hostname)
);
create index latest_probe_site on latest_probe (site);
create index latest_probe_bad on latest_probe (verdict) where verdict in ('down', 'slow');

create table transition (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  container text not null,
  incarnation integer not null,
  hostname text not null,
  site text not null,
  was text not null,
  now text not null,
  status integer,
  latency_ms real,
  reason text
);
create index transition_hostname on transition (hostname, at desc);
create index transition_at on transition (at desc);

create table sweep (
  container text not null,
  incarnation integer not null,
  slot timestamptz not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  stored_at timestamptz not null default clock_timestamp(),
  hostnames integer not null,
  up integer not null,
  slow integer not null,
  down integer not null,
  unknown integer not null,
  -- which hostnames, in what order (a hash of the list; the list is in sweep_names), and per hostname verdict, status, latency
  names text not null,
  packed bytea not null,
  primary key (container, incarnation, slot)
) partition by range (slot);

-- The lists of hostnames that sweeps refer to: the same list for thousands of sweeps.
create table sweep_names (
  hash text primary key,
  hostnames text[] not null,
  used_at timestamptz not null default clock_timestamp()
);

create table rollup (
  step text not null check (step in ('5m', '1h')),
  bucket timestamptz not null,
  hostname text not null,
  container text not null,
  probes integer not null,
  failures integer not null,
  latency_p50 real,
  latency_p95 real,
  latency_max real,
  primary key (step, bucket, hostname, container)
) partition by list (step);
create table rollup_5m partition of rollup for values in ('5m') partition by range (bucket);
create table rollup_1h partition of rollup for values in ('1h') partition by range (bucket);
create index rollup_hostname on rollup (hostname, step, bucket);
