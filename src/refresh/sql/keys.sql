-- affected: the conversations in ?1, [[organization, conversation], …].
WITH affected (organization_id, conversation_id) AS (
  SELECT value ->> 0, value ->> 1 FROM json_each(?1)
)
