-- The conversations of organization ?1 in which something has happened since the last refresh. So many are enough: of
-- the others it is not known.
SELECT p.record_id
FROM pending AS p
WHERE p.organization_id = ?1 AND p.type = 'conversation'
LIMIT 1000
