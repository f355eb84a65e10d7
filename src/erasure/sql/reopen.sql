UPDATE erasure SET is_open = 1
WHERE (organization_id, type, record_id) > (?1, ?2, ?3) AND (organization_id, type, record_id) <= (?4, ?5, ?6)
  AND is_open = 0 AND EXISTS (
    SELECT 1 FROM record AS r
    WHERE r.organization_id = erasure.organization_id AND r.record_id = erasure.record_id
      AND r.type IN (erasure.type, iif(erasure.type = 'conversation', 'acknowledgement', erasure.type))
      AND r.deleted = 0 AND r.updated_at <= erasure.erased_at
  )
