-- Removes the settings of organization ?1 that were superseded at ?2 or earlier.
DELETE FROM settings WHERE organization_id = ?1 AND superseded_at <= ?2
