-- All settings of organization ?1 except those with the greatest number are superseded, at ?2 if they were in force so
-- far.
UPDATE settings SET superseded_at = ?2
WHERE organization_id = ?1
  AND superseded_at IS NULL
  AND number < (SELECT max(number) FROM settings WHERE organization_id = ?1)
