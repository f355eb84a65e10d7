DELETE FROM snapshot_row
WHERE (organization_id, row_no) IN (
  SELECT s.organization_id, listed.value
  FROM json_each(?1) AS j
  CROSS JOIN snapshot_part AS s ON s.organization_id = j.value ->> 0 AND s.version = -(j.value ->> 1)
  CROSS JOIN json_each(s.entries) AS listed
)
