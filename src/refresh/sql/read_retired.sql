SELECT o.organization_id, o.retired
FROM json_each(?1) AS j
JOIN organization AS o ON o.organization_id = j.value
