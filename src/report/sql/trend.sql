SELECT hour, quiet_since, opened, crossed, cleared, median_minutes, worst_minutes, most
FROM trend
WHERE organization_id = ?1 AND slot BETWEEN ?2 AND ?3 AND hour >= ?4
ORDER BY slot
