-- Signing in, beside what 0011 has of people.

-- Attempts that failed, or are under way; by a hash of what is counted.
create table sign_in_attempt (
  key text primary key,
  failures integer not null default 0,
  at timestamptz not null default 'epoch'
);

-- For whoever lost the app that makes their codes: each once.
create table recovery_code (
  user_id text not null references app_user on delete cascade,
  hash bytea not null,
  primary key (user_id, hash)
);

-- The half minute of the last code that was taken: none is taken twice.
create table totp_use (
  user_id text primary key references app_user on delete cascade,
  step bigint not null
);

-- Who a person is elsewhere.
create table oidc_identity (
  issuer text not null,
  subject text not null,
  user_id text not null references app_user on delete cascade,
  at timestamptz not null default clock_timestamp(),
  primary key (issuer, subject)
);
create unique index oidc_identity_user on oidc_identity (user_id, issuer);

-- Signing in elsewhere, under way: taken away by the first answer with its state.
create table oidc_sign_in (
  state bytea primary key,
  -- of the cookie of the browser that began it
  browser bytea not null,
  verifier text not null,
  nonce text not null,
  next text not null,
  ends_at timestamptz not null
);

-- A command line that waits until somebody who is signed in lets it in.
create table device_sign_in (
  device bytea primary key,
  code text not null unique,
  name text not null,
  address text,
  user_id text references app_user on delete cascade,
  ends_at timestamptz not null
);
