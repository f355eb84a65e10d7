DELETE FROM snapshot_row
WHERE (organization_id, row_no) IN (
  SELECT r.organization_id, r.row_no
  FROM json_each(?1) AS j
  CROSS JOIN snapshot_row AS r ON r.organization_id = j.value ->> 0 AND r.row_no = j.value ->> 1
)
