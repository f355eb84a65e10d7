SELECT DISTINCT d.organization_id, d.record_id, d.body ->> 'name' AS name
FROM affected AS a
CROSS JOIN conversation_state AS s
  ON s.organization_id = a.organization_id AND s.conversation_id = a.conversation_id
CROSS JOIN record AS d
  ON d.organization_id = a.organization_id AND d.type = 'department' AND d.record_id = s.candidate ->> 'departmentId'
 AND d.deleted = 0
