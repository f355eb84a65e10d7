-- The organizations in ?1 could not be refreshed: their reports go on to speak of the instant they spoke of so far.
UPDATE organization
SET held_as_of = max(as_of, coalesce((SELECT as_of FROM refresh), 0))
WHERE organization_id IN (SELECT value FROM json_each(?1)) AND held_as_of IS NULL
