SELECT listed.organization_id, coalesce(o.candidates, 0) AS rows
FROM (
  SELECT DISTINCT a.organization_id FROM alert AS a
  WHERE a.organization_id > ?1 AND a.enabled = 1
  ORDER BY a.organization_id
  LIMIT ?2
) AS listed
LEFT JOIN organization AS o ON o.organization_id = listed.organization_id
ORDER BY listed.organization_id
