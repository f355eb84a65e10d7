DELETE FROM record
WHERE (organization_id, type, record_id) IN (
  SELECT r.organization_id, r.type, r.record_id
  FROM open AS o
  CROSS JOIN record AS r INDEXED BY record_by_conversation
    ON r.organization_id = o.organization_id AND r.conversation_id = o.record_id AND r.conversation_id IS NOT NULL
  WHERE o.type = 'conversation' AND r.updated_at <= o.erased_at
  LIMIT ?4
)
