DELETE FROM record
WHERE (organization_id, type, record_id) > (?1, ?2, ?3) AND (organization_id, type, record_id) <= (?4, ?5, ?6)
  AND deleted = 1 AND updated_at < ?7 AND +type IN ('acknowledgement', 'autopilot', 'contact', 'message', 'resolution')
  AND +organization_id IN (SELECT o.organization_id FROM organization AS o WHERE coalesce(o.forgets_since, 0) <= ?8)
