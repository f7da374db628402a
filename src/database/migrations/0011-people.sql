-- People: who they are, what they were given, and how they are known. Removing a person removes all that was theirs;
-- what they did stays in the audit, under their id and name.

create table app_user (
  id text primary key,
  -- in lower case: two spellings are one person
  email text not null unique check (email = lower(email)),
  name text not null,
  state text not null default 'invited' check (state in ('invited', 'active', 'disabled')),
  -- argon2id; null: signs in elsewhere only
  password_hash text,
  -- sealed under the people key; it counts once it is confirmed
  totp_secret text,
  totp_confirmed_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  created_by jsonb not null,
  last_seen_at timestamptz
);

create table team (
  id text primary key,
  name text not null unique,
  created_at timestamptz not null default clock_timestamp(),
  created_by jsonb not null
);

create table team_member (
  team_id text not null references team on delete cascade,
  user_id text not null references app_user on delete cascade,
  added_at timestamptz not null default clock_timestamp(),
  primary key (team_id, user_id)
);
create index team_member_user on team_member (user_id);

-- Roles of one's own making; the built-in ones are in src/domain/permission.ts.
create table role (
  name text primary key,
  description text not null default '',
  actions text[] not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by jsonb not null
);

create table "grant" (
  id text primary key,
  user_id text references app_user on delete cascade,
  team_id text references team on delete cascade,
  check (num_nonnulls(user_id, team_id) = 1),
  -- a built-in role's name, or one of `role`
  role text not null,
  -- null: on the platform
  site text references site on delete cascade,
  ends_at timestamptz,
  reason text,
  created_at timestamptz not null default clock_timestamp(),
  created_by jsonb not null
);
create unique index grant_one on "grant" (coalesce(user_id, team_id), role, coalesce(site, ''));
create index grant_site on "grant" (site) where site is not null;
create index grant_team on "grant" (team_id) where team_id is not null;
create index grant_role on "grant" (role);

create table session (
  id text primary key,
  -- of what the cookie holds
  hash bytea not null unique,
  user_id text not null references app_user on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  ends_at timestamptz not null,
  ended_at timestamptz,
  address text,
  agent text
);
create index session_of_user on session (user_id);

-- Links that are good once: an invitation, or a new password for who forgot theirs.
create table one_time_link (
  id text primary key,
  hash bytea not null unique,
  purpose text not null check (purpose in ('invitation', 'reset')),
  user_id text not null references app_user on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  created_by jsonb not null,
  ends_at timestamptz not null,
  used_at timestamptz
);
create index one_time_link_user on one_time_link (user_id);

-- A person's own tokens may what the person may, and no more than their role, actions and sites say.
alter table token
  add column user_id text references app_user on delete cascade,
  add column actions text[],
  add column sites text[];
create index token_user on token (user_id) where user_id is not null;

-- Whoever believes for a moment what it has read of people forgets it.
create function tell_people() returns trigger language plpgsql as $$
begin
  perform pg_notify('reeve_people', '');
  return null;
end $$;
create trigger app_user_changed after update of state, name, email or delete on app_user for each statement execute function tell_people();
create trigger team_changed after update or delete on team for each statement execute function tell_people();
create trigger team_member_changed after insert or update or delete on team_member for each statement execute function tell_people();
create trigger role_changed after update or delete on role for each statement execute function tell_people();
create trigger grant_changed after insert or update or delete on "grant" for each statement execute function tell_people();
create trigger session_ended after update of ended_at or delete on session for each statement execute function tell_people();
create trigger token_ended after update of revoked_at or delete on token for each statement execute function tell_people();

-- What one site's people may see, found without reading what is everyone's.
create index event_site on event ((metadata ->> 'site'), id) where metadata ->> 'site' is not null;
alter table audit add column site text generated always as (
  case when subject like 'site:%' then substr(subject, 6) else coalesce(after ->> 'site', before ->> 'site') end) stored;
create index audit_site on audit (site, id) where site is not null;
create index audit_action on audit (action, id);
create index audit_actor on audit ((actor ->> 'id'), id);

-- The audit only grows. The seal is set once; nothing else of a row ever changes, whoever asks.
create function keep_audit() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    -- site is computed after this, from what may not change.
    if old.hash is null and new.hash is not null and to_jsonb(old) - 'hash' - 'site' = to_jsonb(new) - 'hash' - 'site' then return new; end if;
  end if;
  raise exception 'the audit only grows: % is refused', lower(tg_op) using errcode = '42501';
end $$;
create trigger audit_kept before update or delete on audit for each row execute function keep_audit();
create trigger audit_whole before truncate on audit for each statement execute function keep_audit();

-- A row as text that does not depend on a session's settings: what is sealed.
create function canonical_audit(p audit) returns text language sql stable as $$
  select jsonb_build_array(p.id, p.generation, to_char(p.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
    p.actor, p.action, p.subject, p.before, p.after, p.reason, p.run)::text;
$$;

-- Seal up to p_limit rows behind the chain's end, in the order of ids: SHA-256 over the hash before and the row. As its
-- owner, since the application's role may not update the audit. 0 when another one is at it.
create function seal_audit(p_limit integer) returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_hash bytea;
  v_row record;
  v_sealed integer := 0;
begin
  if not pg_try_advisory_xact_lock(7331002) then return 0; end if;
  -- Ids are drawn before they are committed: with every writer out, no lower one can appear behind the chain's end.
  set local lock_timeout = '2s';
  lock table audit in share mode;
  select hash into v_hash from audit where hash is not null order by id desc limit 1;
  v_hash := coalesce(v_hash, decode(repeat('00', 32), 'hex'));
  for v_row in select id, canonical_audit(a) as text from audit a where hash is null order by id limit p_limit loop
    v_hash := sha256(v_hash || convert_to(v_row.text, 'UTF8'));
    update audit set hash = v_hash where id = v_row.id;
    v_sealed := v_sealed + 1;
  end loop;
  return v_sealed;
end $$;
