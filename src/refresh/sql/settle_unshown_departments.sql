DELETE FROM pending
WHERE organization_id = ?1 AND type = 'department' AND mark <> ?2 AND record_id NOT IN (
  SELECT s.candidate ->> 'departmentId'
  FROM conversation_state AS s
  WHERE s.organization_id = ?1 AND s.candidate ->> 'departmentId' IS NOT NULL
)
