SELECT organization_id, type, record_id
FROM record
WHERE (organization_id, type, record_id) > (?1, ?2, ?3)
ORDER BY organization_id, type, record_id
LIMIT 1 OFFSET ?4
