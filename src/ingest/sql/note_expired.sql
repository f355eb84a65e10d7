-- Notes how many of the incoming records (?1) have expired, as in count_expired.sql, for the log line of the next run.
UPDATE refresh SET expired = expired + late.items
FROM (
  SELECT count(*) AS items
  FROM json_each(?1) AS i
  CROSS JOIN conversation_sweep AS w
    ON w.organization_id = i.value ->> 0 AND w.conversation_id = i.value ->> 3 AND w.mark >= i.value ->> 11
  LEFT JOIN record AS stored
    ON stored.organization_id = i.value ->> 0 AND stored.type = i.value ->> 1 AND stored.record_id = i.value ->> 2
  WHERE stored.record_id IS NULL
) AS late
WHERE late.items > 0
