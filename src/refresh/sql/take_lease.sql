-- A run takes the lease: from here on no earlier run can write. Time never goes back: a run that starts late decides for
-- the latest instant that any run was scheduled for (?1 is its own). ?2 is the number of the rule that it follows. If the
-- run before it followed another rule, whether or not it finished, everything is folded again from the beginning.
UPDATE refresh
SET fence = fence + 1,
    claimed_as_of = max(claimed_as_of, ?1),
    refold_organization = iif(rule_fence IS fence AND coalesce(rule, ?2) = ?2, refold_organization, ''),
    refold_conversation = iif(rule_fence IS fence AND coalesce(rule, ?2) = ?2, refold_conversation, ''),
    rule = ?2,
    rule_fence = fence + 1
RETURNING fence, claimed_as_of, refold_organization
