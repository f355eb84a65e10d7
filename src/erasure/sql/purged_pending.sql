DELETE FROM pending
WHERE (organization_id, type, record_id) IN (
  SELECT r.organization_id, r.type, r.record_id
  FROM purged CROSS JOIN pending AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
