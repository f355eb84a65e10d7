SELECT 1 AS found
FROM organization AS o
WHERE o.organization_id = ?1
  AND NOT EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted
  )
