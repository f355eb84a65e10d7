WITH RECURSIVE incoming AS (
  SELECT value ->> 0 AS organization_id, value ->> 1 AS type, value ->> 2 AS record_id, value ->> 3 AS conversation_id,
         value ->> 4 AS updated_at, value ->> 5 AS deleted, value ->> 6 AS body, value ->> 7 AS revision,
         value ->> 8 AS maturity, value ->> 9 AS details, value ->> 11 AS arrived_at
  FROM json_each(?1)
), changed AS MATERIALIZED (
  SELECT i.organization_id, i.type, i.record_id, i.conversation_id, stored.conversation_id AS stored_conversation_id,
         stored.merged_into AS stored_merged_into
  FROM incoming AS i
  LEFT JOIN ranked_record AS stored
    ON stored.organization_id = i.organization_id AND stored.type = i.type AND stored.record_id = i.record_id
  WHERE (stored.record_id IS NULL
     OR (i.revision, i.updated_at, i.deleted, i.maturity, i.details, i.body)
      > (stored.revision, stored.updated_at, stored.deleted, stored.maturity, stored.details, stored.body))
    AND NOT (coalesce(stored.deleted, 1) = 1 AND EXISTS (
      SELECT 1 FROM conversation_sweep AS w
      WHERE w.organization_id = i.organization_id AND w.conversation_id = i.conversation_id AND w.mark >= i.arrived_at
    ))
    AND NOT EXISTS (
      SELECT 1 FROM erasure AS e
      WHERE i.type IN ('contact', 'conversation', 'organization', 'acknowledgement') AND e.organization_id = i.organization_id
        AND e.type = iif(i.type = 'acknowledgement', 'conversation', i.type) AND e.record_id = i.record_id AND e.erased_at >= i.updated_at
    )
), searched AS MATERIALIZED (
  SELECT o.organization_id
  FROM (SELECT DISTINCT c.organization_id FROM changed AS c WHERE c.type = 'contact') AS c
  CROSS JOIN organization AS o ON o.organization_id = c.organization_id AND o.candidates <= 1000
), shown AS MATERIALIZED (
  SELECT DISTINCT s.organization_id, s.candidate ->> 'contactId' AS contact_id
  FROM searched
  CROSS JOIN conversation_state AS s ON s.organization_id = searched.organization_id AND s.candidate IS NOT NULL
), contact (organization_id, changed_id, contact_id) AS (
  SELECT c.organization_id, c.record_id, c.record_id
  FROM searched CROSS JOIN changed AS c ON c.organization_id = searched.organization_id AND c.type = 'contact'
  WHERE EXISTS (SELECT 1 FROM shown WHERE shown.organization_id = searched.organization_id)
  UNION
  SELECT c.organization_id, c.changed_id, source.record_id
  FROM contact AS c
  CROSS JOIN record AS source INDEXED BY record_by_target
    ON source.organization_id = c.organization_id AND source.type = 'contact' AND source.merged_into = c.contact_id
), token (mark) AS (
  SELECT coalesce((SELECT CAST(fence AS TEXT) FROM refresh WHERE epoch = fence), ?2)
)
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish, marked_at)
SELECT changed.organization_id, 'conversation', conversation.value, token.mark, 1, 0, ?3
FROM changed
CROSS JOIN json_each(json_array(
  changed.conversation_id, changed.stored_conversation_id,
  iif(changed.type IN ('conversation', 'acknowledgement'), changed.record_id, NULL),
  iif(changed.type = 'conversation', changed.stored_merged_into, NULL)
)) AS conversation
CROSS JOIN token
WHERE conversation.value IS NOT NULL
UNION
SELECT changed.organization_id, changed.type, changed.record_id, token.mark, 0, 1, ?3
FROM changed CROSS JOIN token
WHERE changed.type IN ('user', 'department')
   OR (changed.type = 'contact' AND changed.organization_id NOT IN (SELECT organization_id FROM searched))
   OR (changed.type = 'contact' AND (changed.organization_id, changed.record_id) IN (
     SELECT contact.organization_id, contact.changed_id
     FROM contact CROSS JOIN shown
       ON shown.organization_id = contact.organization_id AND shown.contact_id = contact.contact_id
   ))
UNION
SELECT i.organization_id, 'organization', i.organization_id, token.mark, 0, 1, ?3 FROM incoming AS i CROSS JOIN token
WHERE NOT EXISTS (SELECT 1 FROM organization AS known WHERE known.organization_id = i.organization_id)
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET mark = excluded.mark, fold = max(fold, excluded.fold), publish = max(publish, excluded.publish)
WHERE mark <> excluded.mark OR fold < excluded.fold OR publish < excluded.publish
