SELECT o.organization_id, p.entries
FROM json_each(?1) AS j
CROSS JOIN organization AS o ON o.organization_id = j.value
CROSS JOIN snapshot_part AS p ON p.organization_id = o.organization_id AND p.version = o.version
ORDER BY o.organization_id, p.part
