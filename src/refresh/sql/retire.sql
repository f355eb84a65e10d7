UPDATE organization
SET retired = j.value ->> 1, retire_at = j.value ->> 2
FROM json_each(?1) AS j
WHERE organization.organization_id = j.value ->> 0
