SELECT j.value, d.body ->> 'name' AS name
FROM json_each(?2) AS j
LEFT JOIN record AS d
  ON d.organization_id = ?1 AND d.type = 'department' AND d.record_id = j.value AND d.deleted = 0
ORDER BY name NULLS LAST, j.value
