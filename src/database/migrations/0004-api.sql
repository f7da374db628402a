-- What the API's lists look for, and the run that an approval led to.
create index run_site on run (site, requested_at desc) where site is not null;
create index event_at on event (at);
create index idempotency_at on idempotency (at);
create index approval_subject on approval (subject, requested_at desc);
alter table approval add column run text;
