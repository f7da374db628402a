-- Who is told of incidents, what they were told, and whether it reached them. A channel is no desired state of any
-- container: it has a rev of its own, and changing it wakes no agent.

create table channel (
  id text primary key,
  rev bigint not null default 1,
  name text not null unique,
  kind text not null check (kind in ('webhook', 'email', 'slack')),
  -- addresses, keys and passwords, encrypted under the alerts key; target is what may be shown of them
  sealed text not null,
  target text not null,
  -- {severities: [], subjects: [patterns]}
  routing jsonb not null,
  enabled boolean not null default true,
  created_at timestamptz not null default clock_timestamp()
);

-- The log, kept for 30 days, also of channels that are gone. One message may be about many incidents.
create table delivery (
  seq bigint generated always as identity primary key,
  -- what receivers know it by: the same at each attempt, and never used again after a restore
  id uuid not null unique default gen_random_uuid(),
  channel text not null,
  channel_name text not null,
  kind text not null check (kind in ('opened', 'repeated', 'resolved', 'test')),
  incidents bigint[] not null default '{}',
  message jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'dropped')),
  attempts integer not null default 0,
  last_error text,
  at timestamptz not null default clock_timestamp(),
  next_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
create index delivery_pending on delivery (channel, seq) where state = 'pending';
create index delivery_channel on delivery (channel, seq desc);
create index delivery_at on delivery (at);

-- What each channel was told of each incident: so that nothing is said twice, and each end to whom heard the beginning.
create table told (
  channel text not null references channel on delete cascade,
  incident bigint not null references incident on delete cascade,
  last_at timestamptz not null default clock_timestamp(),
  resolved boolean not null default false,
  primary key (channel, incident)
);
create index told_unresolved on told (incident) where not resolved;
