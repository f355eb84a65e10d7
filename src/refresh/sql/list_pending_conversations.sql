SELECT listed.organization_id, listed.record_id,
       (SELECT count(*) FROM (
         SELECT 1 FROM record AS r INDEXED BY record_by_conversation
         WHERE r.organization_id = listed.organization_id AND r.conversation_id = listed.record_id AND r.conversation_id IS NOT NULL
         LIMIT ?3
       )) AS items,
       coalesce(length(CAST(c.body AS BLOB)), 0) + coalesce(length(CAST(s.candidate AS BLOB)), 0) AS bytes
FROM (
  SELECT p.organization_id, p.record_id
  FROM json_each(?1) AS j
  CROSS JOIN pending AS p ON p.organization_id = j.value AND p.type = 'conversation' AND p.fold = 1
  LIMIT ?2
) AS listed
LEFT JOIN record AS c
  ON c.organization_id = listed.organization_id AND c.type = 'conversation' AND c.record_id = listed.record_id
LEFT JOIN conversation_state AS s
  ON s.organization_id = listed.organization_id AND s.conversation_id = listed.record_id
