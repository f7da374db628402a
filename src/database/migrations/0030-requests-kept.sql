-- Requests were kept under a plain hash, by which passwords and variables in them could be guessed. Now they are kept under
-- a key of the platform's: none of the former says whether a request is the same, and none is left to guess by.
delete from idempotency;
