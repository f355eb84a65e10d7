UPDATE settings SET superseded_at = ?2
WHERE organization_id = ?1
  AND superseded_at IS NULL
  AND number < (SELECT max(number) FROM settings WHERE organization_id = ?1)
