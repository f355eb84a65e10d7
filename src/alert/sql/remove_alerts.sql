-- Removes the destinations of organization ?1 that are not in ?2 (as in put_alerts.sql).
DELETE FROM alert
WHERE organization_id = ?1 AND destination_id NOT IN (SELECT j.value ->> 0 FROM json_each(?2) AS j)
