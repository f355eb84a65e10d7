-- Of each incoming record (?1) and the version held, the greater one is held: `Record::rank`.
-- conversation_id is not updated here: naming an indexed column would cost a write of the index for every change
-- of a message's status. `move.sql` sees to the few that did change.
INSERT INTO record (organization_id, type, record_id, conversation_id, updated_at, deleted, body)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?1) WHERE true
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET updated_at = excluded.updated_at, deleted = excluded.deleted, body = excluded.body
WHERE (excluded.updated_at, excluded.deleted, excluded.body) > (record.updated_at, record.deleted, record.body)
