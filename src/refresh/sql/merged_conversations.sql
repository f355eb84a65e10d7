SELECT m.organization_id, m.conversation_id, p.mark, iif(c.deleted = 0, c.body, NULL), c.record_id IS NOT NULL,
       s.candidate, s.due_at, s.unknown_since, coalesce(p.publish, 0) AS publish, w.mark IS NOT NULL AS is_swept,
       coalesce(w.late_at, 0) AS late_at, coalesce(c.updated_at, 0) AS updated_at,
       a.body AS acknowledgement
FROM merged AS m
LEFT JOIN pending AS p
  ON p.organization_id = m.organization_id AND p.type = 'conversation' AND p.record_id = m.conversation_id
LEFT JOIN record AS c
  ON c.organization_id = m.organization_id AND c.type = 'conversation' AND c.record_id = m.conversation_id
LEFT JOIN record AS a
  ON a.organization_id = m.organization_id AND a.type = 'acknowledgement' AND a.record_id = m.conversation_id AND a.deleted = 0
LEFT JOIN conversation_state AS s
  ON s.organization_id = m.organization_id AND s.conversation_id = m.conversation_id
LEFT JOIN conversation_sweep AS w
  ON w.organization_id = m.organization_id AND w.conversation_id = m.conversation_id
ORDER BY m.organization_id, m.conversation_id
