-- Some superseded versions are removed: ?1 is [[organization, those that are left, when the first of them may be
-- removed], …].
UPDATE organization
SET retired = j.value ->> 1, retire_at = j.value ->> 2
FROM json_each(?1) AS j
WHERE organization.organization_id = j.value ->> 0
