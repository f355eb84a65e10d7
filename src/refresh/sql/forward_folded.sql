UPDATE pending
SET fold = iif(pending.mark = ?2, fold, 0), publish = 1
FROM json_each(?1) AS j
WHERE pending.organization_id = j.value ->> 0 AND pending.type = 'conversation' AND pending.record_id = j.value ->> 1
  AND pending.mark = j.value ->> 2 AND (pending.mark <> ?2 OR j.value ->> 3 = 1)
