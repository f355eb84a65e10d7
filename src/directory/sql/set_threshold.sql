-- Sets the threshold of organization ?1 to ?2 minutes, unless it is removed. What it is already is not written again.
UPDATE organization SET threshold_minutes = ?2
WHERE organization_id = ?1 AND threshold_minutes IS NOT ?2 AND NOT EXISTS (
  SELECT 1 FROM record AS held
  WHERE held.organization_id = ?1 AND held.type = 'organization' AND held.record_id = ?1 AND held.deleted = 1
)
