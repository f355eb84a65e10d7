-- Freezes the organizations in ?1, [[organization, whether it failed, whether it had its turn, conversation after which
-- folding goes on or null], …], that the run of fence ?2 could not refresh, did not finish, or did not get to: their
-- reports stay as of the instant that they have had so far.
UPDATE organization
SET held_as_of = coalesce(held_as_of, max(as_of, coalesce((SELECT as_of FROM refresh), 0))),
    failed_in = iif(j.value ->> 1 = 1, ?2, failed_in),
    worked_in = iif(j.value ->> 2 = 1, ?2, worked_in),
    fold_after = coalesce(j.value ->> 3, fold_after)
FROM json_each(?1) AS j
WHERE organization.organization_id = j.value ->> 0
