INSERT INTO conversation_sweep (organization_id, conversation_id, mark)
SELECT organization_id, conversation_id, ?2 FROM forgotten WHERE true
ON CONFLICT (organization_id, conversation_id) DO UPDATE SET mark = excluded.mark, late_at = NULL
WHERE mark IS NULL OR mark < excluded.mark
