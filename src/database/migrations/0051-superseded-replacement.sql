-- A replacement that was given up because its reason was over is no failed one: it says nothing of the next.
alter table replacement drop constraint replacement_state_check;
alter table replacement add constraint replacement_state_check check (state in ('running', 'completed', 'failed', 'superseded'));
