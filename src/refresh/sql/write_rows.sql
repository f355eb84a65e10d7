INSERT INTO snapshot_row (organization_id, row_no, people, json)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)
