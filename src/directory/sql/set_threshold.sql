UPDATE organization SET threshold_minutes = ?2
WHERE organization_id = ?1 AND threshold_minutes IS NOT ?2 AND NOT EXISTS (
  SELECT 1 FROM record AS own
  WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
)
