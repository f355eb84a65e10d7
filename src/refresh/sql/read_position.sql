-- How far the sweep has come.
SELECT step, organization_id, type, record_id, began_at, finished_at FROM sweep
