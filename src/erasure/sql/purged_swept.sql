DELETE FROM conversation_sweep
WHERE (organization_id, conversation_id) IN (
  SELECT r.organization_id, r.conversation_id
  FROM purged CROSS JOIN conversation_sweep AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
