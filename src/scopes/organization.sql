-- Organization ?1: its id, its name, and whether it is removed.
SELECT o.organization_id, r.body ->> 'name', coalesce(r.deleted, 0)
FROM organization AS o
LEFT JOIN record AS r
  ON r.organization_id = o.organization_id AND r.type = 'organization' AND r.record_id = o.organization_id
WHERE o.organization_id = ?1
