WITH RECURSIVE pending_organization (organization_id) AS (
  SELECT min(organization_id) FROM pending
  UNION ALL
  SELECT (SELECT min(p.organization_id) FROM pending AS p WHERE p.organization_id > m.organization_id)
  FROM pending_organization AS m WHERE m.organization_id IS NOT NULL
)
SELECT o.organization_id, o.candidates,
       (SELECT count(*) FROM (SELECT 1 FROM pending AS p WHERE p.organization_id = o.organization_id LIMIT ?2)) AS pending_records,
       o.held_as_of IS NOT NULL AS is_frozen, o.failed_in IS NOT NULL AS has_failed, o.missing, o.fold_after,
       f.refold_organization IS NULL OR o.organization_id < f.refold_organization AS may_publish,
       coalesce(o.retire_at <= ?1, 0) AS is_retirement_due, o.held_as_of
FROM refresh AS f CROSS JOIN organization AS o
WHERE o.organization_id IN (SELECT organization_id FROM pending_organization)
   OR o.retire_at <= ?1
   OR ((o.held_as_of IS NOT NULL OR (o.version > 0 AND o.list_of IS NOT o.version))
       AND (f.refold_organization IS NULL OR o.organization_id < f.refold_organization))
ORDER BY o.failed_in IS NOT NULL, o.failed_in, o.held_as_of IS NULL, o.worked_in, o.held_as_of, o.organization_id
LIMIT ?3
