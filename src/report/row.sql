-- Rows of organization ?1, ?2 is a JSON array of row numbers.
SELECT r.row_no, r.people, r.json
FROM json_each(?2) AS j
CROSS JOIN snapshot_row AS r ON r.organization_id = ?1 AND r.row_no = j.value
