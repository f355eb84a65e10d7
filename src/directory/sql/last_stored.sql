SELECT max(stored_at) AS stored_at
FROM connection_day
WHERE day IN (?1 - 1, ?1) AND organization_id = ?2 AND connection_id = ?3
