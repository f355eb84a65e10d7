SELECT count(*), min(s.unknown_since)
FROM conversation_state AS s INDEXED BY conversation_state_by_unknown
WHERE s.unknown_since IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM record AS own
  WHERE own.organization_id = s.organization_id AND own.type = 'organization' AND own.record_id = s.organization_id
    AND own.deleted = 1
)
