-- The conversations in ?1 (as in remove_states.sql) whose candidate did not change are no longer pending, unless an
-- earlier change of it waits to be published, or more may have come since the run whose number is ?2 began.
DELETE FROM pending
WHERE publish = 0 AND mark <> ?2 AND (organization_id, type, record_id, mark) IN (
  SELECT j.value ->> 0, 'conversation', j.value ->> 1, j.value ->> 2
  FROM json_each(?1) AS j
  WHERE j.value ->> 3 = 0
)
