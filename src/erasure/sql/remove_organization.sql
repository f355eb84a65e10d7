INSERT INTO record (organization_id, type, record_id, updated_at, deleted, body)
SELECT e.organization_id, e.type, e.record_id, e.erased_at, 1, ''
FROM erasure AS e
WHERE e.organization_id = ?1 AND e.type = 'organization' AND e.record_id = ?1
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET updated_at = excluded.updated_at, deleted = 1,
    body = iif(coalesce(body ->> 'revision', 0) = 0, '', json_object('revision', body ->> 'revision'))
WHERE deleted = 0
