-- The departments, with their names, of the organizations in ?1, a JSON array of ids, that have anything ready to be
-- published.
SELECT d.organization_id, d.record_id, d.body ->> 'name'
FROM json_each(?1) AS j
CROSS JOIN record AS d ON d.organization_id = j.value AND d.type = 'department' AND d.deleted = 0
WHERE EXISTS (
  SELECT 1 FROM pending AS p WHERE p.organization_id = j.value AND p.publish = 1
)
