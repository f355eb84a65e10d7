INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT f.organization_id, 'conversation', f.conversation_id, ?2, 1, 0
FROM forgotten AS f
CROSS JOIN conversation_state AS s
  ON s.organization_id = f.organization_id AND s.conversation_id = f.conversation_id
WHERE true
ON CONFLICT DO NOTHING
