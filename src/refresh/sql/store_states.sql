INSERT INTO conversation_state (organization_id, conversation_id, candidate, due_at, unknown_since)
SELECT p.organization_id, p.record_id, j.value ->> 3, j.value ->> 4, j.value ->> 5
FROM json_each(?1) AS j
JOIN pending AS p
  ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = j.value ->> 1
 AND p.mark = j.value ->> 2
WHERE true
ON CONFLICT (organization_id, conversation_id) DO UPDATE
SET candidate = excluded.candidate, due_at = excluded.due_at, unknown_since = excluded.unknown_since
WHERE candidate IS NOT excluded.candidate OR due_at IS NOT excluded.due_at
   OR unknown_since IS NOT excluded.unknown_since
