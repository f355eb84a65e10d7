, last AS (
  SELECT organization_id, conversation_id FROM next ORDER BY organization_id DESC, conversation_id DESC LIMIT 1
)
UPDATE refresh
SET refold_organization = iif((SELECT count(*) FROM next) = ?1, (SELECT organization_id FROM last), NULL),
    refold_conversation = coalesce((SELECT conversation_id FROM last), '')
RETURNING refold_organization
