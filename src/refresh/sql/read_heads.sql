WITH head AS (
  SELECT o.organization_id, o.version, o.next_row_no, o.retired, o.held_as_of, o.missing, o.list_of, o.as_of, o.trend,
         iif(o.trend_departments_of = o.version, o.trend_departments, NULL) AS trend_departments,
         o.threshold_minutes, s.channel_threshold_minutes, s.department_threshold_minutes, s.max_age_days, s.business_hours,
         sum(coalesce(length(s.channel_threshold_minutes), 0) + coalesce(length(s.department_threshold_minutes), 0)
             + coalesce(length(s.business_hours), 0) + coalesce(length(o.trend_departments), 0))
           OVER (ORDER BY o.organization_id) AS bytes
  FROM json_each(?1) AS j
  JOIN organization AS o ON o.organization_id = j.value
  LEFT JOIN settings AS s
    ON s.organization_id = o.organization_id
    AND s.number = (SELECT max(number) FROM settings WHERE organization_id = o.organization_id)
)
SELECT h.organization_id, h.version, h.next_row_no, h.retired, h.held_as_of IS NOT NULL AS is_frozen, h.missing,
       h.list_of IS h.version AS is_list_known, h.as_of, h.trend, h.threshold_minutes,
       iif(h.bytes <= ?2, h.channel_threshold_minutes, NULL) AS channel_threshold_minutes,
       iif(h.bytes <= ?2, h.department_threshold_minutes, NULL) AS department_threshold_minutes,
       h.max_age_days,
       iif(h.bytes <= ?2, h.business_hours, NULL) AS business_hours,
       h.bytes,
       iif(h.bytes <= ?2, h.trend_departments, NULL) AS trend_departments
FROM head AS h
ORDER BY h.organization_id
