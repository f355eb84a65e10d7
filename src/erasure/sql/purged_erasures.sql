DELETE FROM erasure
WHERE (organization_id, type, record_id) IN (
  SELECT r.organization_id, r.type, r.record_id
  FROM purged CROSS JOIN erasure AS r ON r.organization_id = purged.organization_id
  WHERE r.type <> 'organization'
  LIMIT ?2
)
