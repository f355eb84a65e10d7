UPDATE record SET conversation_id = incoming.value ->> 3
FROM json_each(?1) AS incoming
WHERE record.organization_id = incoming.value ->> 0
  AND record.type = incoming.value ->> 1
  AND record.record_id = incoming.value ->> 2
  AND record.updated_at = incoming.value ->> 4
  AND record.deleted = incoming.value ->> 5
  AND record.body = incoming.value ->> 6
  AND record.conversation_id IS NOT incoming.value ->> 3
