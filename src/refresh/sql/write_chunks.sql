INSERT INTO snapshot_part (organization_id, version, part, entries)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)
