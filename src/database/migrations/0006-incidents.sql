-- Open problems, and what Reeve decided about them: also the decisions not to act, with the reason.

create table incident (
  id bigint generated always as identity primary key,
  -- e.g. hostname:www.example.org, site:s…, container:c…, database:local, platform
  subject text not null,
  cause text not null,
  severity text not null check (severity in ('info', 'warning', 'critical')),
  state text not null default 'open' check (state in ('open', 'acknowledged', 'closed')),
  title text not null,
  site text,
  container text,
  incarnation integer,
  evidence jsonb not null default '{}',
  -- [{at, what, …}], newest last, bounded
  timeline jsonb not null default '[]',
  opened_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  acknowledged_by jsonb,
  acknowledged_at timestamptz,
  closed_at timestamptz,
  closed_why text
);
create unique index incident_open on incident (subject, cause) where state <> 'closed';
create index incident_recent on incident (opened_at desc, id);

create table remediation (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  incident bigint references incident,
  container text,
  incarnation integer,
  action text not null check (action in ('none', 'regenerate', 'replace')),
  decision text not null check (decision in ('acted', 'refused', 'observed', 'awaiting-approval')),
  reason text not null,
  facts jsonb not null default '{}',
  run text,
  result text,
  ended_at timestamptz
);
create index remediation_recent on remediation (at desc, id);
create index remediation_container on remediation (container, at desc);

-- The budget's slots: taken in Postgres, fenced by incarnation. One row a replacement.
create table replacement (
  container text not null,
  incarnation integer not null,
  incident bigint references incident,
  run text,
  successor text,
  state text not null default 'running' check (state in ('running', 'completed', 'failed')),
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  result text,
  primary key (container, incarnation)
);
create unique index replacement_one on replacement ((true)) where state = 'running';
