INSERT INTO erasure (organization_id, type, record_id, contact_id, erased_at, is_open)
SELECT ?1, 'conversation', c.record_id, ?2, max(?3, c.updated_at), 1
FROM (
  SELECT r.record_id, r.updated_at, iif(r.deleted = 0, r.body ->> 'contactId', NULL) AS contact_id
  FROM record AS r
  WHERE r.organization_id = ?1 AND r.type = 'conversation' AND r.record_id > ?4
  ORDER BY r.record_id
  LIMIT ?5
) AS c
WHERE c.contact_id IN (
  SELECT e.record_id FROM erasure AS e INDEXED BY erasure_by_contact
  WHERE e.organization_id = ?1 AND e.contact_id = ?2 AND e.type = 'contact'
)
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET erased_at = max(erased_at, excluded.erased_at), is_open = 1
