UPDATE organization
SET held_as_of = max(as_of, coalesce((SELECT as_of FROM refresh), 0))
WHERE held_as_of IS NULL AND organization_id IN (
  SELECT s.organization_id FROM conversation_state AS s INDEXED BY conversation_state_by_due
  WHERE s.due_at <= ?1 AND NOT EXISTS (
    SELECT 1 FROM pending AS p
    WHERE p.organization_id = s.organization_id AND p.type = 'conversation' AND p.record_id = s.conversation_id
  )
)
