-- Removes the removals of before ?7 that are records after ?1, ?2, ?3 up to ?4, ?5, ?6 (as in list_removals.sql). Those
-- of conversations go with what is left of these. Organizations that are known to a version that forgets only since
-- after ?8 are left out, and what says how an organization is built stays. The plus signs keep the planner from
-- searching by these columns, which would read everything.
DELETE FROM record
WHERE (organization_id, type, record_id) > (?1, ?2, ?3) AND (organization_id, type, record_id) <= (?4, ?5, ?6)
  AND deleted = 1 AND updated_at < ?7 AND +type IN ('acknowledgement', 'autopilot', 'contact', 'message', 'resolution')
  AND +organization_id IN (SELECT o.organization_id FROM organization AS o WHERE coalesce(o.forgets_since, 0) <= ?8)
