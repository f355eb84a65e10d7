SELECT DISTINCT u.organization_id, u.record_id, u.body
FROM affected AS a
CROSS JOIN conversation_state AS s
  ON s.organization_id = a.organization_id AND s.conversation_id = a.conversation_id
CROSS JOIN json_each(json_insert(s.candidate -> 'assigneeIds', '$[#]', s.candidate ->> 'ownerId')) AS person
CROSS JOIN record AS u
  ON u.organization_id = a.organization_id AND u.type = 'user' AND u.record_id = person.value AND u.deleted = 0
