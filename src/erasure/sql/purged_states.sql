DELETE FROM conversation_state
WHERE (organization_id, conversation_id) IN (
  SELECT r.organization_id, r.conversation_id
  FROM purged CROSS JOIN conversation_state AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
