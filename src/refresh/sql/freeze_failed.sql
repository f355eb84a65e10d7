-- Freezes the organizations in ?1, a JSON array of ids, which could not be refreshed, and those whose conversations are still
-- to be folded again: their reports stay as of the instant that they have had so far.
UPDATE organization
SET held_as_of = max(as_of, coalesce((SELECT as_of FROM refresh), 0))
WHERE organization_id IN (
  SELECT value FROM json_each(?1)
  UNION ALL
  SELECT o.organization_id FROM refresh AS f CROSS JOIN organization AS o ON o.organization_id >= f.refold_organization
) AND held_as_of IS NULL
