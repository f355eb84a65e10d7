-- What is forgotten of them is not taken in again: items that are not stored, or are removed, and arrived no later than
-- ?2 are ignored.
INSERT INTO conversation_sweep (organization_id, conversation_id, mark)
SELECT organization_id, conversation_id, ?2 FROM forgotten WHERE true
ON CONFLICT (organization_id, conversation_id) DO UPDATE SET mark = excluded.mark, late_at = NULL
WHERE mark IS NULL OR mark < excluded.mark
