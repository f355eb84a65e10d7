SELECT p.record_id
FROM pending AS p
WHERE p.organization_id = ?1 AND p.type = 'conversation'
LIMIT 1000
