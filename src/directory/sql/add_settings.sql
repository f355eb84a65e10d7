INSERT INTO settings (
  organization_id, number, channel_threshold_minutes, department_threshold_minutes, max_age_days,
  business_hours
)
SELECT o.organization_id,
       coalesce(s.number, 0) + 1,
       iif(?2, ?3, s.channel_threshold_minutes),
       iif(?4, ?5, s.department_threshold_minutes),
       iif(?6, ?7, s.max_age_days),
       iif(?8, ?9, s.business_hours)
FROM organization AS o
LEFT JOIN settings AS s
  ON s.organization_id = ?1 AND s.number = (SELECT max(number) FROM settings WHERE organization_id = ?1)
WHERE o.organization_id = ?1
  AND (
    iif(?2, ?3, s.channel_threshold_minutes) IS NOT s.channel_threshold_minutes
    OR iif(?4, ?5, s.department_threshold_minutes) IS NOT s.department_threshold_minutes
    OR iif(?6, ?7, s.max_age_days) IS NOT s.max_age_days
    OR iif(?8, ?9, s.business_hours) IS NOT s.business_hours
  )
  AND NOT EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
  )
