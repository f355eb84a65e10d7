-- Marks the conversations that time alone changes by the run's instant: a snooze ends, a send is stuck.
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT organization_id, 'conversation', conversation_id, ?1, 1, 0
FROM conversation_state
WHERE due_at <= (SELECT claimed_as_of FROM refresh)
ON CONFLICT (organization_id, type, record_id) DO UPDATE SET fold = 1
