-- Of one thing, one approval waits. What has expired or become stale is noted as such before the same is asked for anew.
alter table approval drop constraint approval_state_check;
alter table approval add constraint approval_state_check check (state in ('pending', 'approved', 'rejected', 'used', 'expired', 'stale'));
update approval a set state = s.standing from approval_standing s where s.id = a.id and a.state = 'pending' and s.standing <> 'pending';
-- Two who asked at the same moment made two: the newer one waits on.
update approval a set state = 'expired' where a.state = 'pending' and exists (
  select 1 from approval b where b.state = 'pending' and b.kind = a.kind and b.subject = a.subject and (b.requested_at, b.id) > (a.requested_at, a.id));
create unique index approval_one on approval (kind, subject) where state = 'pending';
