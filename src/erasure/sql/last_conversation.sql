SELECT record_id FROM record
WHERE organization_id = ?1 AND type = 'conversation' AND record_id > ?2
ORDER BY record_id
LIMIT 1 OFFSET ?3
