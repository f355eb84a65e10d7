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
