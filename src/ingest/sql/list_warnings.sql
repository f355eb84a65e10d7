WITH incoming AS (
  SELECT value ->> 0 AS organization_id, value ->> 1 AS type, value ->> 2 AS record_id, value ->> 3 AS conversation_id,
         value ->> 5 AS deleted, value ->> 7 AS revision, value ->> 10 AS number
  FROM json_each(?1)
)
SELECT m.number, m.organization_id, m.conversation_id
FROM (
  SELECT organization_id, conversation_id, min(number) AS number
  FROM incoming WHERE type = 'message' AND deleted = 0
  GROUP BY organization_id, conversation_id
) AS m
LEFT JOIN record AS c
  ON c.organization_id = m.organization_id AND c.type = 'conversation' AND c.record_id = m.conversation_id
WHERE c.record_id IS NULL
UNION ALL
SELECT i.number, NULL, NULL
FROM incoming AS i
JOIN ranked_record AS stored
  ON stored.organization_id = i.organization_id AND stored.type = i.type AND stored.record_id = i.record_id
WHERE i.deleted = 1 AND i.revision = 0 AND stored.revision > 0
ORDER BY 1
LIMIT ?2
