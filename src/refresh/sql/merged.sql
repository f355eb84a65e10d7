WITH RECURSIVE merged (organization_id, conversation_id) AS (
  SELECT value ->> 0, value ->> 1 FROM json_each(?1)
  UNION
  SELECT m.organization_id, c.merged_into
  FROM merged AS m
  CROSS JOIN record AS c
    ON c.organization_id = m.organization_id AND c.type = 'conversation' AND c.record_id = m.conversation_id
  WHERE c.merged_into IS NOT NULL
  UNION
  SELECT m.organization_id, source.record_id
  FROM merged AS m
  CROSS JOIN record AS source INDEXED BY record_by_target
    ON source.organization_id = m.organization_id AND source.type = 'conversation'
   AND source.merged_into = m.conversation_id
)
