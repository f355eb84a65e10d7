SELECT a.organization_id, a.conversation_id,
       coalesce(length(CAST(s.candidate AS BLOB)), 0) + coalesce((
         SELECT sum(length(CAST(u.body AS BLOB)))
         FROM json_each(json_insert(s.candidate -> 'assigneeIds', '$[#]', s.candidate ->> 'ownerId')) AS person
         CROSS JOIN record AS u
           ON u.organization_id = s.organization_id AND u.type = 'user' AND u.record_id = person.value
       ), 0) AS bytes
FROM affected AS a
LEFT JOIN conversation_state AS s
  ON s.organization_id = a.organization_id AND s.conversation_id = a.conversation_id
LIMIT ?2
