SELECT listed.organization_id, listed.conversation_id,
       (SELECT count(*) FROM (
         SELECT 1 FROM record AS r INDEXED BY record_by_conversation
         WHERE r.organization_id = listed.organization_id AND r.conversation_id = listed.conversation_id
           AND r.conversation_id IS NOT NULL
         LIMIT ?5
       )) AS items
FROM (
  SELECT organization_id, conversation_id
  FROM (
    SELECT o.organization_id, c.record_id AS conversation_id
    FROM organization AS o CROSS JOIN record AS c
      ON c.organization_id = o.organization_id AND c.type = 'conversation'
     AND c.record_id > iif(o.organization_id = ?1, ?2, '')
    WHERE o.organization_id >= ?1 AND coalesce(o.forgets_since, 0) <= ?4
    ORDER BY o.organization_id, c.record_id
    LIMIT ?3
  )
  UNION
  SELECT organization_id, conversation_id
  FROM (
    SELECT o.organization_id, r.conversation_id
    FROM organization AS o CROSS JOIN record AS r INDEXED BY record_by_conversation
      ON r.organization_id = o.organization_id AND r.conversation_id > iif(o.organization_id = ?1, ?2, '')
     AND r.conversation_id IS NOT NULL
    WHERE o.organization_id >= ?1 AND coalesce(o.forgets_since, 0) <= ?4
    GROUP BY o.organization_id, r.conversation_id
    LIMIT ?3
  )
  ORDER BY organization_id, conversation_id
  LIMIT ?3
) AS listed
ORDER BY listed.organization_id, listed.conversation_id
