UPDATE organization
SET purge_at = iif(purge_at IS NULL, ?1, NULL)
WHERE (purge_at IS NULL) = EXISTS (
  SELECT 1 FROM record AS own
  WHERE own.organization_id = organization.organization_id AND own.type = 'organization'
    AND own.record_id = organization.organization_id AND own.deleted = 1
)
