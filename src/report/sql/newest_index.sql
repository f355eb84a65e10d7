SELECT p.entries
FROM organization AS o
CROSS JOIN snapshot_part AS p ON p.organization_id = o.organization_id AND p.version = o.version
WHERE o.organization_id = ?1 AND o.version <> ?2
ORDER BY p.part
