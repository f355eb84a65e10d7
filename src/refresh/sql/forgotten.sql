WITH forgotten AS MATERIALIZED (
  SELECT j.value ->> 0 AS organization_id, j.value ->> 1 AS conversation_id, j.value -> 2 AS kept
  FROM json_each(?1) AS j
  WHERE NOT EXISTS (
    SELECT 1 FROM json_each(j.value -> 3) AS m
    CROSS JOIN pending AS p
      ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = m.value
  )
)
