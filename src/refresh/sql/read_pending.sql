-- What is ready to be published of the organizations in ?1, a JSON array of ids, at most ?2. That includes what has
-- become pending again since it was folded: its state is consistent, and its newer change token keeps it pending.
SELECT p.organization_id, p.type, p.record_id, p.mark
FROM json_each(?1) AS j
CROSS JOIN pending AS p ON p.organization_id = j.value
WHERE p.publish = 1
LIMIT ?2
