WITH affected (organization_id, conversation_id) AS (
  SELECT value ->> 0, value ->> 1 FROM json_each(?1)
)
