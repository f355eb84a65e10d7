DELETE FROM alert
WHERE organization_id = ?1 AND destination_id NOT IN (SELECT j.value ->> 0 FROM json_each(?2) AS j)
