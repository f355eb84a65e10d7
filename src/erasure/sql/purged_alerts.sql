DELETE FROM alert
WHERE (organization_id, destination_id) IN (
  SELECT r.organization_id, r.destination_id
  FROM purged CROSS JOIN alert AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
