DELETE FROM snapshot_part
WHERE (organization_id, version, part) IN (
  SELECT r.organization_id, r.version, r.part
  FROM purged CROSS JOIN snapshot_part AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
