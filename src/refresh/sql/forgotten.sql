-- forgotten: the conversations in ?1, [[organization, conversation, [id of an item that is kept, …], [conversation that
-- was merged with it, or itself, …]], …], except those of which, or of what was merged with them, anything has become
-- pending since they were read.
WITH forgotten AS MATERIALIZED (
  SELECT j.value ->> 0 AS organization_id, j.value ->> 1 AS conversation_id, j.value -> 2 AS kept
  FROM json_each(?1) AS j
  WHERE NOT EXISTS (
    SELECT 1 FROM json_each(j.value -> 3) AS m
    CROSS JOIN pending AS p
      ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = m.value
  )
)
