SELECT m.organization_id, m.conversation_id, r.type, r.record_id, r.body
FROM merged AS m
CROSS JOIN record AS r INDEXED BY record_by_conversation
  ON r.organization_id = m.organization_id AND r.conversation_id = m.conversation_id AND r.conversation_id IS NOT NULL
LIMIT ?2
