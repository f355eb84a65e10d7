-- The settings of organization ?1 with number ?2, in force or superseded.
SELECT channel_threshold_minutes, department_threshold_minutes, max_age_days, business_hours
FROM settings
WHERE organization_id = ?1 AND number = ?2
