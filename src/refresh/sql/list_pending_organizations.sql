-- The organizations that a run as of ?1 has to publish: something is pending, a version may be removed, or the last refresh
-- of it failed. With each: how many rows are published, how many records are pending, and whether it is frozen. Those whose
-- conversations are still to be folded again have to wait.
SELECT o.organization_id, o.candidates,
       (SELECT count(*) FROM pending AS p WHERE p.organization_id = o.organization_id),
       o.held_as_of IS NOT NULL
FROM organization AS o
WHERE ((SELECT refold_organization FROM refresh) IS NULL
    OR o.organization_id < (SELECT refold_organization FROM refresh))
  AND (o.organization_id IN (SELECT organization_id FROM pending)
    OR o.retire_at <= ?1
    OR o.held_as_of IS NOT NULL)
ORDER BY o.organization_id
