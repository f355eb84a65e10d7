UPDATE organization
SET held_as_of = coalesce(held_as_of, max(as_of, coalesce((SELECT as_of FROM refresh), 0))),
    failed_in = iif(j.value ->> 1 = 1, ?2, failed_in),
    worked_in = iif(j.value ->> 2 = 1, ?2, worked_in),
    fold_after = coalesce(j.value ->> 3, fold_after)
FROM json_each(?1) AS j
WHERE organization.organization_id = j.value ->> 0
