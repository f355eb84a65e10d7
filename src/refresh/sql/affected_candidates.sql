SELECT a.organization_id, a.conversation_id, s.candidate, c.body
FROM affected AS a
LEFT JOIN conversation_state AS s
  ON s.organization_id = a.organization_id AND s.conversation_id = a.conversation_id
LEFT JOIN record AS c
  ON c.organization_id = a.organization_id AND c.type = 'contact' AND c.record_id = s.candidate ->> 'contactId'
 AND c.deleted = 0
