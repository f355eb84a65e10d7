SELECT count(*) FROM organization AS o INDEXED BY organization_truncated
WHERE o.missing > 0 AND NOT EXISTS (
  SELECT 1 FROM record AS own
  WHERE own.organization_id = o.organization_id AND own.type = 'organization' AND own.record_id = o.organization_id
    AND own.deleted = 1
)
