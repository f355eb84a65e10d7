-- The heads of the organizations in ?1, a JSON array of ids.
SELECT o.organization_id, o.version, o.next_row_no, o.retired, o.held_as_of IS NOT NULL
FROM json_each(?1) AS j
JOIN organization AS o ON o.organization_id = j.value
ORDER BY o.organization_id
