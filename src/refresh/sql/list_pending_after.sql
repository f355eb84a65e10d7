SELECT p.organization_id, p.record_id,
       (SELECT count(*) FROM (
         SELECT 1 FROM record AS r INDEXED BY record_by_conversation
         WHERE r.organization_id = p.organization_id AND r.conversation_id = p.record_id AND r.conversation_id IS NOT NULL
         LIMIT ?5
       )) AS items,
       coalesce(length(CAST(c.body AS BLOB)), 0) + coalesce(length(CAST(s.candidate AS BLOB)), 0) AS bytes
FROM (
  SELECT organization_id, record_id FROM pending
  WHERE organization_id = ?1 AND type = 'conversation' AND record_id > ?2 AND fold = 1 AND (?3 IS NULL OR record_id <= ?3)
  ORDER BY record_id
  LIMIT ?4
) AS p
LEFT JOIN record AS c
  ON c.organization_id = p.organization_id AND c.type = 'conversation' AND c.record_id = p.record_id
LEFT JOIN conversation_state AS s
  ON s.organization_id = p.organization_id AND s.conversation_id = p.record_id
