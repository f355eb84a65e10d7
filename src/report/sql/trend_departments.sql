-- The hours of organization ?1 from ?4 on that are in the slots from ?2 to ?3, in their order, as far as it is known
-- what happened by department; each with what is of the departments ?5, a JSON array of ids: [[id, numbers], …].
SELECT hour, quiet_since,
       (SELECT json_group_array(json(d.value))
        FROM json_each(departments) AS d
        WHERE d.value ->> 0 IN (SELECT value FROM json_each(?5))) AS departments
FROM trend
WHERE organization_id = ?1 AND slot BETWEEN ?2 AND ?3 AND hour >= ?4 AND departments_of = hour
  AND departments IS NOT NULL
ORDER BY slot
