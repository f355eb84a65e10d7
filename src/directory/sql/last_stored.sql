-- When anything of connection ?3 of organization ?2 was stored last, on day ?1 or the day before.
SELECT max(stored_at) AS stored_at
FROM connection_day
WHERE day IN (?1 - 1, ?1) AND organization_id = ?2 AND connection_id = ?3
