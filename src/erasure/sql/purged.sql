WITH purged AS MATERIALIZED (
  SELECT own.organization_id FROM record AS own
  WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
)
