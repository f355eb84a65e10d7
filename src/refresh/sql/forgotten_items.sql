DELETE FROM record
WHERE (organization_id, type, record_id) IN (
  SELECT r.organization_id, r.type, r.record_id
  FROM forgotten AS f
  CROSS JOIN record AS r INDEXED BY record_by_conversation
    ON r.organization_id = f.organization_id AND r.conversation_id = f.conversation_id AND r.conversation_id IS NOT NULL
  WHERE r.record_id NOT IN (SELECT kept.value FROM json_each(f.kept) AS kept)
)
