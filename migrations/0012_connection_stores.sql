-- All instances of the worker together store what became of a connection's webhooks at most once a minute. Workers of before
-- leave the column as it is, and each of their instances goes on storing once a minute by itself.

-- When anything of the day was stored last, by the clock of whoever stored it; 0: by a worker of before.
ALTER TABLE connection_day ADD COLUMN stored_at INTEGER NOT NULL DEFAULT 0;
