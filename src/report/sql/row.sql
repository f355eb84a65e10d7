-- The people of row number ?2 ->> 0 of organization ?1, and the row, a line each. ?2 is a JSON array of row numbers.
SELECT people || char(10) || json FROM snapshot_row WHERE organization_id = ?1 AND row_no = ?2 ->> 0
