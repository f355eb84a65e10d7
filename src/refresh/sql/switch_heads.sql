-- Switches heads, all at once: ?1 is [[organization, version, next row number, candidates or null, retired, retire at,
-- candidates by category or null], …],
-- ?2 is the run's instant. as_of is that of the version, so it stays if only retired versions were removed.
UPDATE organization
SET as_of = iif(organization.version = j.value ->> 1, organization.as_of, ?2),
    held_as_of = NULL,
    version = j.value ->> 1,
    next_row_no = j.value ->> 2,
    candidates = coalesce(j.value ->> 3, organization.candidates),
    categories = coalesce(j.value ->> 6, organization.categories),
    retired = j.value ->> 4,
    retire_at = j.value ->> 5
FROM json_each(?1) AS j
WHERE organization.organization_id = j.value ->> 0
