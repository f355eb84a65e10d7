-- A refresh works in slices of organizations, the one whose report stands still longest first, and its lease has a deadline.
-- Workers of before leave these columns as they are, and go on beside this version.

-- Until when no other run may take the lease, by the clock of the service, and whose it is; null: anybody may take it. A run
-- of an older version takes it all the same, and the fence sees to it that only one of them writes.
ALTER TABLE refresh ADD COLUMN lease_until INTEGER;
ALTER TABLE refresh ADD COLUMN lease_holder TEXT;

-- The fence of the last run that knows numbered marks. While it is that of the last run, pending.mark is the fence at the time
-- of the change, as text: so what changes many times between two runs is marked once. A run settles no mark of its own number.
-- Otherwise the last run was one of an older version, and marks are random, as that version expects.
ALTER TABLE refresh ADD COLUMN epoch INTEGER;

-- The run in which the refresh of the organization failed; null: the last one did not fail. It comes last in the next run.
ALTER TABLE organization ADD COLUMN failed_in INTEGER;

-- The run in which the organization last had its turn and was not finished; null: it was, or had none. It comes after those
-- that have had no turn for longer.
ALTER TABLE organization ADD COLUMN worked_in INTEGER;

-- The conversation after which the next run goes on folding; null: the last run folded all that was pending.
ALTER TABLE organization ADD COLUMN fold_after TEXT;

-- How many candidates the published version does not list, because there are more than fit into a version.
ALTER TABLE organization ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;

-- The version whose list is known to be in the form that this version of the service reads; if it is another one than the
-- published version, the list is read, and published again if it cannot be.
ALTER TABLE organization ADD COLUMN list_of INTEGER;
