-- Removes rows, ?1 is [[organization, row number], …].
DELETE FROM snapshot_row
WHERE (organization_id, row_no) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))
