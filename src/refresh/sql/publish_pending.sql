-- What is ready to be published of the organizations in ?1. What was marked again since it was folded is: its state is
-- whole, and the newer mark stays.
SELECT p.organization_id, p.type, p.record_id, p.mark
FROM json_each(?1) AS j
JOIN pending AS p ON p.organization_id = j.value
WHERE p.publish = 1
