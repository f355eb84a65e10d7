-- The next items of the timeline of conversation ?2 of organization ?1 after the record of type ?3 and id ?4, at most
-- ?5.
SELECT r.type, r.record_id, r.body
FROM record AS r INDEXED BY record_by_conversation
WHERE r.organization_id = ?1 AND r.conversation_id = ?2 AND r.conversation_id IS NOT NULL
  AND (r.type, r.record_id) > (?3, ?4)
ORDER BY r.type, r.record_id
LIMIT ?5
