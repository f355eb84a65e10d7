INSERT INTO record (organization_id, type, record_id, conversation_id, updated_at, deleted, body)
SELECT i.value ->> 0, i.value ->> 1, i.value ->> 2, i.value ->> 3, i.value ->> 4, i.value ->> 5, i.value ->> 6
FROM json_each(?1) AS i
LEFT JOIN ranked_record AS stored
  ON stored.organization_id = i.value ->> 0 AND stored.type = i.value ->> 1 AND stored.record_id = i.value ->> 2
WHERE (stored.record_id IS NULL
   OR (i.value ->> 7, i.value ->> 4, i.value ->> 5, i.value ->> 8, i.value ->> 9, i.value ->> 6)
    > (stored.revision, stored.updated_at, stored.deleted, stored.maturity, stored.details, stored.body))
  AND NOT (coalesce(stored.deleted, 1) = 1 AND EXISTS (
    SELECT 1 FROM conversation_sweep AS w
    WHERE w.organization_id = i.value ->> 0 AND w.conversation_id = i.value ->> 3 AND w.mark >= i.value ->> 11
  ))
  AND NOT EXISTS (
    SELECT 1 FROM erasure AS e
    WHERE i.value ->> 1 IN ('contact', 'conversation', 'organization', 'acknowledgement') AND e.organization_id = i.value ->> 0
      AND e.type = iif(i.value ->> 1 = 'acknowledgement', 'conversation', i.value ->> 1) AND e.record_id = i.value ->> 2 AND e.erased_at >= i.value ->> 4
  )
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET updated_at = excluded.updated_at, deleted = excluded.deleted, body = excluded.body
