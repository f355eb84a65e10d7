DELETE FROM connection_day
WHERE (day, organization_id, connection_id) IN (
  SELECT r.day, r.organization_id, r.connection_id
  FROM purged CROSS JOIN connection_day AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
