-- What was published is no longer pending, unless it has changed meanwhile, or may have since the run whose number is
-- ?2 began: ?1 is [[organization, type, record, change token], …].
DELETE FROM pending
WHERE fold = 0 AND mark <> ?2 AND (organization_id, type, record_id, mark) IN (
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)
)
