UPDATE organization
SET held_as_of = max(as_of, coalesce((SELECT as_of FROM refresh), 0))
WHERE organization_id IN (
  SELECT o.organization_id FROM refresh AS f CROSS JOIN organization AS o ON o.organization_id >= f.refold_organization
  UNION ALL
  SELECT o.organization_id FROM organization AS o
  WHERE o.organization_id > ?1 AND EXISTS (
    SELECT 1 FROM pending AS p WHERE p.organization_id = o.organization_id AND p.mark <> ?2
  )
) AND held_as_of IS NULL
