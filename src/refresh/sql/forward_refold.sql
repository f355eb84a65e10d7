, last AS (
  SELECT organization_id, conversation_id FROM next ORDER BY organization_id DESC, conversation_id DESC LIMIT 1
), size AS (
  SELECT total(items) AS items, count(*) AS conversations FROM next
)
UPDATE refresh
SET refold_organization = iif(size.items = ?1 OR size.conversations = ?2, last.organization_id, NULL),
    refold_conversation = coalesce(last.conversation_id, '')
FROM size LEFT JOIN last
RETURNING refold_organization
