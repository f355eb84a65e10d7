-- The heads of the organizations in ?1, a JSON array of ids, with their age limits in days (null: the default).
SELECT o.organization_id, o.version, o.next_row_no, o.retired, o.held_as_of IS NOT NULL AS is_frozen, o.missing,
       o.list_of IS o.version AS is_list_known,
       (SELECT s.max_age_days FROM settings AS s
        WHERE s.organization_id = o.organization_id ORDER BY s.number DESC LIMIT 1) AS max_age_days
FROM json_each(?1) AS j
JOIN organization AS o ON o.organization_id = j.value
ORDER BY o.organization_id
