SELECT o.organization_id, s.entries
FROM json_each(?1) AS j
JOIN organization AS o ON o.organization_id = j.value
JOIN snapshot_part AS s ON s.organization_id = o.organization_id AND s.version = o.version
WHERE o.missing > 0 OR o.list_of IS NOT o.version OR EXISTS (
  SELECT 1 FROM pending AS p WHERE p.organization_id = o.organization_id AND p.publish = 1
)
ORDER BY o.organization_id, s.part
