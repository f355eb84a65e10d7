SELECT r.type, r.record_id, r.body
FROM record AS r INDEXED BY record_by_conversation
WHERE r.organization_id = ?1 AND r.conversation_id = ?2 AND r.conversation_id IS NOT NULL
  AND (r.type, r.record_id) > (?3, ?4)
ORDER BY r.type, r.record_id
LIMIT ?5
