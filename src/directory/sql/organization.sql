SELECT o.organization_id, iif(r.deleted = 0, r.body ->> 'name', NULL), coalesce(r.deleted, 0)
FROM organization AS o
LEFT JOIN record AS r
  ON r.organization_id = o.organization_id AND r.type = 'organization' AND r.record_id = o.organization_id
WHERE o.organization_id = ?1
