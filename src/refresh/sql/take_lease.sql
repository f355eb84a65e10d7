-- A run asks for the lease. It gets it if nobody has it, or whoever has it is past its deadline. From then on no
-- earlier run can write. ?1 is the instant that the run was scheduled for: time never goes back, so a run decides for
-- the latest instant that any run was scheduled for, whether or not that one got the lease. ?2 is the number of the
-- rule that it follows: if the run before it followed another rule, whether or not it finished, everything is folded
-- again from the beginning. ?3 is the clock, ?4 the deadline, ?5 the token of the run. A deadline that is later than
-- this one was set by a clock that was wrong.
UPDATE refresh
SET claimed_as_of = max(claimed_as_of, ?1),
    fence = iif(free.is_free, fence + 1, fence),
    epoch = iif(free.is_free, fence + 1, epoch),
    refold_organization = iif(free.is_free AND NOT (rule_fence IS fence AND coalesce(rule, ?2) = ?2), '', refold_organization),
    refold_conversation = iif(free.is_free AND NOT (rule_fence IS fence AND coalesce(rule, ?2) = ?2), '', refold_conversation),
    rule = iif(free.is_free, ?2, rule),
    rule_fence = iif(free.is_free, fence + 1, rule_fence),
    lease_until = iif(free.is_free, ?4, lease_until),
    lease_holder = iif(free.is_free, ?5, lease_holder)
FROM (SELECT lease_until IS NULL OR lease_until <= ?3 OR lease_until > ?4 AS is_free FROM refresh) AS free
RETURNING fence, claimed_as_of, refold_organization, lease_holder = ?5, expired
