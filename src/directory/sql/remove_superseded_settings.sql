DELETE FROM settings WHERE organization_id = ?1 AND superseded_at <= ?2
