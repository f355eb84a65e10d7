-- Stores each incoming record (?1) unless the stored version of it is greater: `Record::order`. revision, maturity and details
-- are worked out from the bodies, of the stored version and of the one that comes in.
-- conversation_id is not updated here: naming an indexed column would cost a write of the index at every change of a
-- message's status. `move.sql` updates the few that did change.
INSERT INTO record (organization_id, type, record_id, conversation_id, updated_at, deleted, body)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?1) WHERE true
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET updated_at = excluded.updated_at, deleted = excluded.deleted, body = excluded.body
WHERE (excluded.revision, excluded.updated_at, excluded.deleted, excluded.maturity, excluded.details, excluded.body)
    > (record.revision, record.updated_at, record.deleted, record.maturity, record.details, record.body)
