-- The contacts and users of the organization ?1 whose rows have been made pending one by one are no longer pending.
DELETE FROM pending
WHERE organization_id = ?1 AND type IN ('contact', 'user') AND mark <> ?2
