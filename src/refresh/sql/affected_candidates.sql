SELECT t.organization_id, t.conversation_id, s.candidate, c.body
FROM touched AS t
LEFT JOIN conversation_state AS s
  ON s.organization_id = t.organization_id AND s.conversation_id = t.conversation_id
LEFT JOIN record AS c
  ON c.organization_id = t.organization_id AND c.type = 'contact' AND c.record_id = s.candidate ->> 'contactId'
 AND c.deleted = 0
