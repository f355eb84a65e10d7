-- The other conversations in ?1 (as in remove_states.sql) are folded, and pending to be published. Of what has the
-- number of this run (?2), more may have come since it was read: it stays to be folded, too.
UPDATE pending
SET fold = iif(pending.mark = ?2, fold, 0), publish = 1
FROM json_each(?1) AS j
WHERE pending.organization_id = j.value ->> 0 AND pending.type = 'conversation' AND pending.record_id = j.value ->> 1
  AND pending.mark = j.value ->> 2 AND (pending.mark <> ?2 OR j.value ->> 3 = 1)
