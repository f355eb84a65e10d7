DELETE FROM pending
WHERE organization_id = ?1 AND type IN ('contact', 'user') AND mark <> ?2
