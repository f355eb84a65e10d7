UPDATE erasure SET is_open = 0
WHERE (organization_id, type, record_id) IN (
  SELECT o.organization_id, o.type, o.record_id FROM open AS o
  WHERE o.type <> 'conversation' OR NOT EXISTS (
    SELECT 1 FROM record AS r INDEXED BY record_by_conversation
    WHERE r.organization_id = o.organization_id AND r.conversation_id = o.record_id AND r.conversation_id IS NOT NULL
      AND r.updated_at <= o.erased_at
  )
)
