-- Makes pending what the incoming records (?1) change: the conversations that they are in, were in, or are, and those that
-- conversations were merged into; contacts, users and departments; and organizations that are new. ?2 is the change token of
-- this ingest. What a conversation is merged into now is found when it is folded.
WITH incoming AS (
  SELECT value ->> 0 AS organization_id, value ->> 1 AS type, value ->> 2 AS record_id, value ->> 3 AS conversation_id,
         value ->> 4 AS updated_at, value ->> 5 AS deleted, value ->> 6 AS body, value ->> 7 AS revision,
         value ->> 8 AS maturity, value ->> 9 AS details
  FROM json_each(?1)
), changed AS MATERIALIZED (
  SELECT i.organization_id, i.type, i.record_id, i.conversation_id, stored.conversation_id AS stored_conversation_id,
         stored.merged_into AS stored_merged_into
  FROM incoming AS i
  LEFT JOIN ranked_record AS stored
    ON stored.organization_id = i.organization_id AND stored.type = i.type AND stored.record_id = i.record_id
  WHERE stored.record_id IS NULL
     OR (i.revision, i.updated_at, i.deleted, i.maturity, i.details, i.body)
      > (stored.revision, stored.updated_at, stored.deleted, stored.maturity, stored.details, stored.body)
)
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT changed.organization_id, 'conversation', conversation.value, ?2, 1, 0
FROM changed
CROSS JOIN json_each(json_array(
  changed.conversation_id, changed.stored_conversation_id,
  iif(changed.type = 'conversation', changed.record_id, NULL),
  iif(changed.type = 'conversation', changed.stored_merged_into, NULL)
)) AS conversation
WHERE conversation.value IS NOT NULL
UNION
SELECT organization_id, type, record_id, ?2, 0, 1 FROM changed WHERE type IN ('contact', 'user', 'department')
UNION
SELECT i.organization_id, 'organization', i.organization_id, ?2, 0, 1 FROM incoming AS i
WHERE NOT EXISTS (SELECT 1 FROM organization AS known WHERE known.organization_id = i.organization_id)
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET mark = excluded.mark, fold = max(fold, excluded.fold), publish = max(publish, excluded.publish)
