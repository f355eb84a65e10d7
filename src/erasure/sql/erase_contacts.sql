WITH RECURSIVE contact (contact_id) AS (
  SELECT ?2 FROM organization AS o
  WHERE o.organization_id = ?1 AND NOT EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
  )
  UNION
  SELECT source.record_id
  FROM contact AS c
  CROSS JOIN record AS source INDEXED BY record_by_target
    ON source.organization_id = ?1 AND source.type = 'contact' AND source.merged_into = c.contact_id
)
INSERT INTO erasure (organization_id, type, record_id, contact_id, erased_at, is_open)
SELECT ?1, 'contact', c.contact_id, ?2, max(?3, coalesce(stored.updated_at, 0)), 1
FROM contact AS c
LEFT JOIN record AS stored
  ON stored.organization_id = ?1 AND stored.type = 'contact' AND stored.record_id = c.contact_id
WHERE true
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET erased_at = max(erased_at, excluded.erased_at), is_open = 1
