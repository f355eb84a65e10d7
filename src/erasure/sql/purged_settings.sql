DELETE FROM settings
WHERE (organization_id, number) IN (
  SELECT r.organization_id, r.number
  FROM purged CROSS JOIN settings AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
