-- The platform's state. Desired rows carry rev, the generation that last changed them, and stay as tombstones
-- (deleted_at) for 30 days: that is how agents know a removal from a read that lost rows.

create table platform (
  one boolean primary key default true check (one),
  epoch integer not null default 1,
  generation bigint not null default 0,
  -- Live rows, kept by change(): a snapshot whose rows do not add up to these is a failed read.
  sites integer not null default 0,
  hostnames integer not null default 0,
  settings jsonb not null default '{}',
  paused boolean not null default false
);
insert into platform default values;

create table database_server (
  id text primary key,
  rev bigint not null default 0,
  host text not null,
  port integer not null,
  max_connections integer not null default 100,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);

create table release (
  id text primary key,
  rev bigint not null default 0,
  codebase text not null,
  source text not null,
  phase text not null check (phase in ('preparing', 'ready', 'failed', 'retired')),
  digest text,
  manifest jsonb,
  database_server text references database_server,
  template_database text,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);

create sequence site_number;
create table site (
  id text primary key,
  rev bigint not null default 0,
  number integer not null unique default nextval('site_number'),
  name text not null,
  phase text not null check (phase in ('creating', 'live', 'suspended', 'deleted')),
  release text references release,
  previous_release text references release,
  database_server text not null references database_server,
  secret_version integer not null default 1,
  settings jsonb not null default '{}',
  -- name → value encrypted under the sites key; in the site's row because a change of it is a change of the site
  env jsonb not null default '{}',
  store jsonb not null default '{"kind": "directory"}',
  owner text,
  purge_at timestamptz,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
create unique index site_name on site (name) where deleted_at is null;
create index site_rev on site (rev);

create table hostname (
  hostname text primary key,
  rev bigint not null default 0,
  site text not null references site,
  role text not null check (role in ('primary', 'alias', 'redirect')),
  phase text not null check (phase in ('reserved', 'bound')),
  https text not null default 'allow' check (https in ('allow', 'redirect')),
  proof text,
  proved_at timestamptz,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index hostname_rev on hostname (rev);
create index hostname_site on hostname (site);
create unique index hostname_primary on hostname (site) where role = 'primary' and phase = 'bound' and deleted_at is null;

-- What changed: the event's id is the generation.
create table event (
  id bigint primary key,
  type text not null,
  at timestamptz not null default clock_timestamp(),
  actor jsonb not null,
  metadata jsonb not null
);

create table audit (
  id bigint generated always as identity primary key,
  generation bigint,
  at timestamptz not null default clock_timestamp(),
  actor jsonb not null,
  action text not null,
  subject text not null,
  before jsonb,
  after jsonb,
  reason text,
  run text,
  -- sealed into a hash chain each second by the control worker, not in the change
  hash bytea
);
create index audit_subject on audit (subject, id);
create index audit_unsealed on audit (id) where hash is null;

-- Removals, for the shrink guard's rolling hour.
create table removal (at timestamptz not null default clock_timestamp(), site text not null);
create index removal_at on removal (at);

create table approval (
  id text primary key,
  kind text not null,
  subject text not null,
  request jsonb not null,
  requested_by jsonb not null,
  requested_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null default clock_timestamp() + interval '1 day',
  state text not null default 'pending' check (state in ('pending', 'approved', 'rejected', 'used')),
  decided_by jsonb,
  decided_at timestamptz
);

create table idempotency (
  key text not null,
  actor text not null,
  request_hash text not null,
  status integer not null,
  response jsonb not null,
  headers jsonb not null default '{}',
  at timestamptz not null default clock_timestamp(),
  primary key (actor, key)
);

-- Work that takes time. A row is written in the transaction of the change that asks for it.
create table run (
  id text primary key,
  type text not null,
  subject text not null,
  site text,
  state text not null default 'requested' check (state in
    ('requested', 'running', 'completed', 'failed', 'cancelled', 'compensated', 'superseded')),
  input jsonb not null,
  actor jsonb not null,
  requested_at timestamptz not null default clock_timestamp(),
  claimed_at timestamptz,
  ended_at timestamptz,
  progress real not null default 0,
  result jsonb,
  error jsonb,
  -- Temporal's own run id, for the link into its UI; and when it was last handed to Temporal
  temporal_run text,
  started_at timestamptz,
  cancel_requested_at timestamptz
);
create index run_open on run (requested_at) where state in ('requested', 'running');
create index run_subject on run (subject, requested_at desc);
create index run_recent on run (requested_at desc, id);

create table run_step (
  run text not null references run on delete cascade,
  name text not null,
  state text not null check (state in ('running', 'completed', 'failed', 'cancelled')),
  attempt integer not null default 1,
  started_at timestamptz not null,
  ended_at timestamptz,
  message text,
  primary key (run, name)
);

create table run_lock (
  subject text not null,
  mode text not null check (mode in ('shared', 'exclusive')),
  run text not null references run on delete cascade,
  primary key (subject, run)
);

-- Observed.
create table container (
  id text primary key,
  slot text not null unique,
  role text not null check (role in ('site', 'edge')),
  incarnation integer not null default 0,
  wanted text not null default 'running' check (wanted in ('running', 'drained', 'ended')),
  state text not null default 'starting' check (state in ('starting', 'ready', 'draining', 'ended')),
  address text,
  port integer,
  -- the agent's own listener: logs, exec, health
  agent_url text,
  layout jsonb,
  observed_epoch integer not null default 0,
  observed_generation bigint not null default 0,
  digests jsonb not null default '{}',
  waiting_on jsonb not null default '[]',
  vassals jsonb not null default '{"awake":0,"asleep":0,"starting":0,"failing":0}',
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz,
  lease_expires_at timestamptz,
  ended_at timestamptz
);

create table quarantine (
  container text not null references container on delete cascade,
  incarnation integer not null,
  site text not null,
  wanted_rev bigint not null,
  served_rev bigint,
  reason text not null,
  since timestamptz not null default clock_timestamp(),
  primary key (container, site)
);

create table drift (
  id bigint generated always as identity primary key,
  container text not null references container on delete cascade,
  incarnation integer not null,
  path text not null,
  kind text not null check (kind in ('missing', 'changed', 'extra')),
  found_at timestamptz not null default clock_timestamp()
);
create index drift_container on drift (container, found_at desc);

create table site_condition (
  site text not null references site on delete cascade,
  type text not null,
  status text not null check (status in ('true', 'false', 'unknown')),
  reason text not null,
  message text not null default '',
  since timestamptz not null default clock_timestamp(),
  primary key (site, type)
);

create table notice (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  type text not null,
  metadata jsonb not null
);

create table token (
  id text primary key,
  name text not null,
  hash bytea not null unique,
  role text not null default 'owner',
  created_at timestamptz not null default clock_timestamp(),
  created_by jsonb not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
