-- A release that is tried for a site in one container before it is published: {"container": id, "release": id}, or null.
alter table site add column trial jsonb;

create or replace view desired_v1_site as
  select id, rev, number, name, phase, release, previous_release as "previousRelease",
    database_server as "databaseServer", secret_version as "secretVersion", settings, store, env,
    deleted_at is not null as deleted, trial from site;
