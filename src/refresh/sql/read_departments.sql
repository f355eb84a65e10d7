SELECT p.organization_id, p.record_id, d.body ->> 'name' AS name
FROM json_each(?1) AS j
CROSS JOIN pending AS p ON p.organization_id = j.value AND p.type = 'department' AND p.publish = 1
LEFT JOIN record AS d
  ON d.organization_id = p.organization_id AND d.type = 'department' AND d.record_id = p.record_id AND d.deleted = 0
LIMIT ?2
