-- A function that runs as its owner must find the platform's own tables: without a path of its own it takes the caller's,
-- where temporary tables come first, and a trigger on one of those ran as the owner. (`create or replace` forgets the path:
-- say it again there.)
alter function join_container(text, integer, jsonb) set search_path = public, pg_temp;
alter function observe_container(text, integer, jsonb) set search_path = public, pg_temp;
alter function close_drift() set search_path = public, pg_temp;
alter function record_traffic() set search_path = public, pg_temp;

-- Triggers need no one's leave to run; this keeps others from putting them on tables of their own.
revoke execute on function close_drift() from public;
revoke execute on function record_traffic() from public;
revoke execute on function seal_audit(integer) from public;
