-- What housekeeping looks for at each pass: failed runs, and the runs that settle them.
create index run_failed on run (ended_at) where state = 'failed';
create index run_settling on run ((input ->> 'of')) where type = 'settleRun';
