WITH next AS MATERIALIZED (
  SELECT organization_id, conversation_id, count(*) AS items
  FROM (
    SELECT r.organization_id, r.conversation_id
    FROM refresh AS f
    CROSS JOIN record AS r INDEXED BY record_by_conversation
      ON (r.organization_id, r.conversation_id) > (+f.refold_organization, +f.refold_conversation)
     AND r.conversation_id IS NOT NULL
    WHERE f.id = 1
    UNION ALL
    SELECT s.organization_id, s.conversation_id
    FROM refresh AS f
    CROSS JOIN conversation_state AS s
      ON (s.organization_id, s.conversation_id) > (+f.refold_organization, +f.refold_conversation)
    WHERE f.id = 1
    ORDER BY 1, 2
    LIMIT ?1
  )
  GROUP BY organization_id, conversation_id
  ORDER BY organization_id, conversation_id
  LIMIT ?2
)
