WITH late AS (
  SELECT 1 AS item
  FROM json_each(?1) AS i
  CROSS JOIN conversation_sweep AS w
    ON w.organization_id = i.value ->> 0 AND w.conversation_id = i.value ->> 3 AND w.mark >= i.value ->> 11
  LEFT JOIN record AS stored
    ON stored.organization_id = i.value ->> 0 AND stored.type = i.value ->> 1 AND stored.record_id = i.value ->> 2
  WHERE coalesce(stored.deleted, 1) = 1
)
