-- Done with the conversations in ?1 (as in fold_store.sql) whose candidate did not change, unless an earlier change
-- of it waits to be published.
DELETE FROM pending
WHERE publish = 0 AND (organization_id, type, record_id, mark) IN (
  SELECT j.value ->> 0, 'conversation', j.value ->> 1, j.value ->> 2
  FROM json_each(?1) AS j
  WHERE j.value ->> 5 = 0
)
