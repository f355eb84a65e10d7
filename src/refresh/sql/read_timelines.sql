SELECT j.key, r.type, r.record_id, r.body
FROM json_each(?1) AS j
CROSS JOIN record AS r INDEXED BY record_by_conversation
  ON r.organization_id = j.value ->> 0 AND r.conversation_id = j.value ->> 1 AND r.conversation_id IS NOT NULL
