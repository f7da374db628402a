-- The API and the control worker log in as a role that owns nothing (src/database/app-role.ts). What needs an owner is
-- done by functions, and nobody else may call those.
alter function make_health_partition(text, timestamptz) security definer set search_path = public, pg_temp;
alter function drop_health_partitions(text, timestamptz) security definer set search_path = public, pg_temp;
revoke execute on function make_health_partition(text, timestamptz), drop_health_partitions(text, timestamptz), seal_audit(integer)
  from public;
