-- The conversations in ?1, [[organization, conversation], …], that are pending: number in ?1, change token, record, and
-- the candidate that is stored.
SELECT j.key, p.mark, c.body, s.candidate
FROM json_each(?1) AS j
JOIN pending AS p
  ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = j.value ->> 1 AND p.fold = 1
LEFT JOIN record AS c
  ON c.organization_id = p.organization_id AND c.type = 'conversation' AND c.record_id = p.record_id AND c.deleted = 0
LEFT JOIN conversation_state AS s
  ON s.organization_id = p.organization_id AND s.conversation_id = p.record_id
