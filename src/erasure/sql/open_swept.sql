INSERT INTO conversation_sweep (organization_id, conversation_id, mark)
SELECT o.organization_id, o.record_id, o.erased_at FROM open AS o WHERE o.type = 'conversation'
ON CONFLICT (organization_id, conversation_id) DO UPDATE SET mark = excluded.mark
WHERE mark IS NULL OR mark < excluded.mark
