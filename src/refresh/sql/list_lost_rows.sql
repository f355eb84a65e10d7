INSERT INTO snapshot_part (organization_id, version, part, entries)
SELECT ?1, -(?2), 0, json_group_array(row_no)
FROM (SELECT row_no FROM snapshot_row WHERE organization_id = ?1 AND row_no < ?3 ORDER BY row_no LIMIT 100000)
