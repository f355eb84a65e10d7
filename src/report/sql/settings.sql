SELECT channel_threshold_minutes, department_threshold_minutes, max_age_days, business_hours
FROM settings
WHERE organization_id = ?1 AND number = ?2
