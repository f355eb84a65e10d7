SELECT j.value ->> 0, r.row_no, r.people, r.json
FROM json_each(?1) AS j
CROSS JOIN snapshot_row AS r ON r.organization_id = j.value ->> 1 AND r.row_no = j.value ->> 2
