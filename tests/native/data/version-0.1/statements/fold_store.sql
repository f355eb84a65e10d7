-- Stores the states in ?1, [[organization, conversation, mark, candidate, due at, 1 if the candidate changed], …],
-- of the conversations whose mark is still the one that was read: of the others something has changed meanwhile.
INSERT INTO conversation_state (organization_id, conversation_id, candidate, due_at)
SELECT p.organization_id, p.record_id, j.value ->> 3, j.value ->> 4
FROM json_each(?1) AS j
JOIN pending AS p
  ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = j.value ->> 1
 AND p.mark = j.value ->> 2
WHERE j.value ->> 3 IS NOT NULL OR j.value ->> 4 IS NOT NULL
ON CONFLICT (organization_id, conversation_id) DO UPDATE SET candidate = excluded.candidate, due_at = excluded.due_at
WHERE candidate IS NOT excluded.candidate OR due_at IS NOT excluded.due_at
