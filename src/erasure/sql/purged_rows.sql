DELETE FROM snapshot_row
WHERE (organization_id, row_no) IN (
  SELECT r.organization_id, r.row_no
  FROM purged CROSS JOIN snapshot_row AS r ON r.organization_id = purged.organization_id
  LIMIT ?2
)
