-- Freezes the organizations in ?1, a JSON array of ids, which could not be refreshed: their reports stay as of the
-- instant that they have had so far.
UPDATE organization
SET held_as_of = max(as_of, coalesce((SELECT as_of FROM refresh), 0))
WHERE organization_id IN (SELECT value FROM json_each(?1)) AND held_as_of IS NULL
