DELETE FROM snapshot_part
WHERE (organization_id, version, part) IN (
  SELECT s.organization_id, s.version, s.part
  FROM json_each(?1) AS j
  CROSS JOIN snapshot_part AS s ON s.organization_id = j.value ->> 0 AND s.version IN (j.value ->> 1, -(j.value ->> 1))
)
