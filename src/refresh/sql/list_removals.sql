-- The record that is ?4 records after the record ?3 of type ?2 of organization ?1. There is none if there are fewer.
SELECT organization_id, type, record_id
FROM record
WHERE (organization_id, type, record_id) > (?1, ?2, ?3)
ORDER BY organization_id, type, record_id
LIMIT 1 OFFSET ?4
