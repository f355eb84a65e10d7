SELECT o.version,
       (SELECT json_group_array(retired.value ->> 1) FROM json_each(o.retired) AS retired),
       coalesce(o.held_as_of, max(o.as_of, coalesce(r.as_of, 0))),
       o.threshold_minutes,
       coalesce((SELECT own.deleted FROM record AS own
                 WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1), 0),
       r.generation,
       coalesce(s.number, 0),
       s.channel_threshold_minutes,
       s.department_threshold_minutes,
       s.max_age_days,
       s.business_hours,
       coalesce(r.run ->> 'durationMs', 0) AS last_run_ms
FROM organization AS o
CROSS JOIN refresh AS r
LEFT JOIN settings AS s
  ON s.organization_id = ?1 AND s.number = (SELECT max(number) FROM settings WHERE organization_id = ?1)
WHERE o.organization_id = ?1
