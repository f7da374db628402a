-- The audit's filters by time, run and the person behind a token, which read every row before (measured in
-- src/database/read/records.ts).
create index audit_at on audit (at, id);
create index audit_run on audit (run, id) where run is not null;
create index audit_user on audit ((actor ->> 'user'), id) where actor ->> 'user' is not null;
