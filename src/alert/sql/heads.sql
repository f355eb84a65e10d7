SELECT o.organization_id, coalesce(o.held_as_of, max(o.as_of, coalesce(r.as_of, 0))) AS as_of, o.threshold_minutes,
       s.channel_threshold_minutes, s.department_threshold_minutes, s.max_age_days, s.business_hours
FROM json_each(?1) AS j
CROSS JOIN organization AS o ON o.organization_id = j.value
CROSS JOIN refresh AS r
LEFT JOIN settings AS s
  ON s.organization_id = o.organization_id
 AND s.number = (SELECT max(number) FROM settings AS n WHERE n.organization_id = o.organization_id)
WHERE o.version > 0
  AND NOT EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = o.organization_id AND own.type = 'organization' AND own.record_id = o.organization_id
      AND own.deleted = 1
  )
