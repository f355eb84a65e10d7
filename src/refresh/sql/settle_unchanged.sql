DELETE FROM pending
WHERE publish = 0 AND mark <> ?2 AND (organization_id, type, record_id, mark) IN (
  SELECT j.value ->> 0, 'conversation', j.value ->> 1, j.value ->> 2
  FROM json_each(?1) AS j
  WHERE j.value ->> 3 = 0
)
