SELECT o.organization_id, iif(r.deleted = 0, r.body ->> 'name', NULL) AS name
FROM organization AS o
LEFT JOIN record AS r
  ON r.organization_id = o.organization_id AND r.type = 'organization' AND r.record_id = o.organization_id
WHERE coalesce(r.deleted, 0) = 0 AND (
  ?1 IS NULL
  OR instr(lower(o.organization_id), ?1) > 0
  OR instr(lower(iif(r.deleted = 0, r.body ->> 'name', NULL)), ?1) > 0
)
ORDER BY name NULLS LAST, o.organization_id
LIMIT ?2
