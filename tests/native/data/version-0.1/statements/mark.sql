-- Marks what the incoming records (?1) change: the conversations that they are in, were in, or are; contacts, users
-- and departments; and organizations not known yet. ?2 is the mark of this ingest.
WITH incoming AS (
  SELECT value ->> 0 AS organization_id, value ->> 1 AS type, value ->> 2 AS record_id, value ->> 3 AS conversation_id,
         value ->> 4 AS updated_at, value ->> 5 AS deleted, value ->> 6 AS body
  FROM json_each(?1)
), changed AS MATERIALIZED (
  SELECT i.organization_id, i.type, i.record_id, i.conversation_id, held.conversation_id AS held_conversation_id
  FROM incoming AS i
  LEFT JOIN record AS held
    ON held.organization_id = i.organization_id AND held.type = i.type AND held.record_id = i.record_id
  WHERE held.record_id IS NULL
     OR (i.updated_at, i.deleted, i.body) > (held.updated_at, held.deleted, held.body)
)
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT organization_id, 'conversation', conversation_id, ?2, 1, 0 FROM changed WHERE conversation_id IS NOT NULL
UNION
SELECT organization_id, 'conversation', held_conversation_id, ?2, 1, 0 FROM changed WHERE held_conversation_id IS NOT NULL
UNION
SELECT organization_id, 'conversation', record_id, ?2, 1, 0 FROM changed WHERE type = 'conversation'
UNION
SELECT organization_id, type, record_id, ?2, 0, 1 FROM changed WHERE type IN ('contact', 'user', 'department')
UNION
SELECT i.organization_id, 'organization', i.organization_id, ?2, 0, 1 FROM incoming AS i
WHERE NOT EXISTS (SELECT 1 FROM organization AS known WHERE known.organization_id = i.organization_id)
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET mark = excluded.mark, fold = max(fold, excluded.fold), publish = max(publish, excluded.publish)
