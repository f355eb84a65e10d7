UPDATE organization
SET purge_at = iif(
  EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
  ),
  min(coalesce(purge_at, ?2), ?2),
  ?2
)
WHERE organization_id = ?1
RETURNING purge_at
