UPDATE organization
SET purge_at = ?2, candidates = 0, categories = '{}', retired = '[]', retire_at = NULL, threshold_minutes = NULL, held_as_of = NULL,
    failed_in = NULL, worked_in = NULL, fold_after = NULL, missing = 0, list_of = NULL, forgets_since = NULL,
    trend = NULL, trend_departments = NULL, trend_departments_of = NULL
WHERE organization_id IN (SELECT organization_id FROM purged)
