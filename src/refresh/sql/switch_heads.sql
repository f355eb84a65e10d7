UPDATE organization
SET as_of = iif(organization.version = j.value ->> 1, organization.as_of, ?2),
    held_as_of = CASE
      WHEN j.value ->> 8 = 1 THEN NULL
      WHEN organization.version = 0 THEN coalesce(organization.held_as_of, ?2)
      ELSE coalesce(organization.held_as_of, max(organization.as_of, coalesce((SELECT as_of FROM refresh), 0)))
    END,
    failed_in = iif(j.value ->> 8 = 1, NULL, organization.failed_in),
    worked_in = iif(j.value ->> 8 = 1, NULL, organization.worked_in),
    fold_after = iif(j.value ->> 8 = 1, NULL, organization.fold_after),
    version = j.value ->> 1,
    list_of = j.value ->> 1,
    next_row_no = j.value ->> 2,
    candidates = coalesce(j.value ->> 3, organization.candidates),
    categories = coalesce(j.value ->> 6, organization.categories),
    missing = j.value ->> 7,
    retired = j.value ->> 4,
    retire_at = j.value ->> 5,
    trend_departments_of = iif(j.value ->> 9 IS NULL, organization.trend_departments_of, j.value ->> 1),
    trend_departments = iif(j.value ->> 9 IS NULL, organization.trend_departments, j.value ->> 10),
    trend = coalesce(j.value ->> 9, organization.trend)
FROM json_each(?1) AS j
WHERE organization.organization_id = j.value ->> 0
