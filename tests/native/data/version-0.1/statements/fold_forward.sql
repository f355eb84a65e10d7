-- The other conversations in ?1 (as in fold_store.sql) are folded, and wait to be published.
UPDATE pending SET fold = 0, publish = 1
WHERE (organization_id, type, record_id, mark) IN (
  SELECT j.value ->> 0, 'conversation', j.value ->> 1, j.value ->> 2 FROM json_each(?1) AS j
)
