DELETE FROM pending
WHERE fold = 0 AND mark <> ?2 AND (organization_id, type, record_id, mark) IN (
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)
)
