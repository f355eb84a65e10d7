SELECT hour, quiet_since,
       (SELECT json_group_array(json(d.value))
        FROM json_each(departments) AS d
        WHERE d.value ->> 0 IN (SELECT value FROM json_each(?5))) AS departments
FROM trend
WHERE organization_id = ?1 AND slot BETWEEN ?2 AND ?3 AND hour >= ?4 AND departments_of = hour
  AND departments IS NOT NULL
ORDER BY slot
