DELETE FROM trend
WHERE (organization_id, slot) IN (
  SELECT r.organization_id, r.slot
  FROM purged CROSS JOIN trend AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
