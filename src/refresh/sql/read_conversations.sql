SELECT j.key, p.mark, iif(c.deleted = 0, c.body, NULL), c.record_id IS NOT NULL,
       c.merged_into IS NOT NULL OR EXISTS (
         SELECT 1 FROM record AS source INDEXED BY record_by_target
         WHERE source.organization_id = p.organization_id AND source.type = 'conversation'
           AND source.merged_into = p.record_id
       ),
       s.candidate, s.due_at, s.unknown_since, p.publish,
       EXISTS (
         SELECT 1 FROM conversation_sweep AS w
         WHERE w.organization_id = p.organization_id AND w.conversation_id = p.record_id AND w.mark IS NOT NULL
       ) AS is_swept,
       a.body AS acknowledgement
FROM json_each(?1) AS j
JOIN pending AS p
  ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = j.value ->> 1 AND p.fold = 1
LEFT JOIN record AS c
  ON c.organization_id = p.organization_id AND c.type = 'conversation' AND c.record_id = p.record_id
LEFT JOIN conversation_state AS s
  ON s.organization_id = p.organization_id AND s.conversation_id = p.record_id
LEFT JOIN record AS a
  ON a.organization_id = p.organization_id AND a.type = 'acknowledgement' AND a.record_id = p.record_id AND a.deleted = 0
