-- A run starts: from here on no earlier run may publish. Time never goes back: a run that starts late speaks of the
-- latest instant that any run has started for.
UPDATE refresh SET fence = fence + 1, claimed_as_of = max(claimed_as_of, ?1)
RETURNING fence, claimed_as_of
