-- A run takes the lease: from here on no earlier run can write. Time never goes back: a run that starts late decides for
-- the latest instant that any run was scheduled for (?1 is its own). ?2 is the number of the rule that it follows.
UPDATE refresh SET fence = fence + 1, claimed_as_of = max(claimed_as_of, ?1)
RETURNING fence, claimed_as_of, run IS NOT NULL AND run ->> 'rule' IS NOT ?2, refold_organization IS NOT NULL
