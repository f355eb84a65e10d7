-- The superseded versions of the organizations in ?1, a JSON array of ids.
SELECT o.organization_id, o.retired
FROM json_each(?1) AS j
JOIN organization AS o ON o.organization_id = j.value
