SELECT version, as_of, trend,
       iif(?2 IS NOT NULL AND trend_departments_of = version AND trend_departments IS NOT NULL, (
         SELECT json_group_array(json(d.value))
         FROM json_each(trend_departments) AS d
         WHERE d.value ->> 0 IN (SELECT value FROM json_each(?2))
       ), NULL) AS departments
FROM organization
WHERE organization_id = ?1
