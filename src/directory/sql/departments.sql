SELECT d.record_id, d.body ->> 'name' AS name
FROM record AS d
WHERE d.organization_id = ?1 AND d.type = 'department' AND d.deleted = 0
ORDER BY name, d.record_id
