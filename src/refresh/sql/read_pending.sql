SELECT p.organization_id, p.type, p.record_id, p.mark
FROM json_each(?1) AS j
CROSS JOIN pending AS p ON p.organization_id = j.value
WHERE p.publish = 1
LIMIT ?2
