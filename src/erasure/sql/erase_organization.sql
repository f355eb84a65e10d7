INSERT INTO erasure (organization_id, type, record_id, contact_id, erased_at, is_open)
SELECT ?1, 'organization', ?1, '', max(?2, coalesce(own.updated_at, 0)), 0
FROM organization AS o
LEFT JOIN record AS own ON own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1
WHERE o.organization_id = ?1
ON CONFLICT (organization_id, type, record_id) DO UPDATE SET erased_at = max(erased_at, excluded.erased_at)
