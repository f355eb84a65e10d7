INSERT INTO trend (
  organization_id, slot, hour, quiet_since, opened, crossed, cleared, median_minutes, worst_minutes, most,
  departments, departments_of
)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6,
       j.value ->> 7, j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 2
FROM json_each(?1) AS j
WHERE true
ON CONFLICT (organization_id, slot) DO UPDATE SET
  hour = excluded.hour, quiet_since = excluded.quiet_since, opened = excluded.opened, crossed = excluded.crossed,
  cleared = excluded.cleared, median_minutes = excluded.median_minutes, worst_minutes = excluded.worst_minutes,
  most = excluded.most, departments = excluded.departments, departments_of = excluded.departments_of
