-- Published rows: ?1 is [[organization, row number], …].
SELECT r.organization_id, r.row_no, r.people, r.json
FROM json_each(?1) AS j
JOIN snapshot_row AS r ON r.organization_id = j.value ->> 0 AND r.row_no = j.value ->> 1
