-- next: the next conversations to be folded again, at most ?1. Each item of their timelines is passed by in the index.
WITH next AS MATERIALIZED (
  SELECT DISTINCT r.organization_id, r.conversation_id
  FROM refresh AS f
  CROSS JOIN record AS r INDEXED BY record_by_conversation
    ON (r.organization_id, r.conversation_id) > (f.refold_organization, f.refold_conversation)
   AND r.conversation_id IS NOT NULL
  ORDER BY r.organization_id, r.conversation_id
  LIMIT ?1
)
