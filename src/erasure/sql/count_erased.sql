SELECT (SELECT count(*) FROM erasure AS e INDEXED BY erasure_by_contact
        WHERE e.organization_id = ?1 AND e.contact_id = ?2 AND e.type = 'contact') AS contacts,
       (SELECT count(*) FROM erasure AS e INDEXED BY erasure_by_contact
        WHERE e.organization_id = ?1 AND e.contact_id = ?2 AND e.type = 'conversation') AS conversations
FROM organization AS o
WHERE o.organization_id = ?1 AND NOT EXISTS (
  SELECT 1 FROM record AS own
  WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
)
