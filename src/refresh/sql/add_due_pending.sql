INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT organization_id, 'conversation', conversation_id, ?1, 1, 0
FROM conversation_state AS s INDEXED BY conversation_state_by_due
WHERE due_at <= (SELECT claimed_as_of FROM refresh)
  AND NOT EXISTS (
    SELECT 1 FROM pending AS p
    WHERE p.organization_id = s.organization_id AND p.type = 'conversation' AND p.record_id = s.conversation_id AND p.fold = 1
  )
ORDER BY due_at
LIMIT ?2
ON CONFLICT (organization_id, type, record_id) DO UPDATE SET fold = 1 WHERE fold = 0
