SELECT * FROM (
  SELECT p.organization_id, p.type, p.record_id, p.mark,
         coalesce(length(CAST(s.candidate AS BLOB)), 0) + coalesce((
           SELECT sum(length(CAST(u.body AS BLOB)))
           FROM json_each(json_insert(s.candidate -> 'assigneeIds', '$[#]', s.candidate ->> 'ownerId')) AS person
           CROSS JOIN record AS u
             ON u.organization_id = s.organization_id AND u.type = 'user' AND u.record_id = person.value
         ), 0) AS bytes
  FROM json_each(?1) AS j
  CROSS JOIN pending AS p ON p.organization_id = j.value AND p.type = 'conversation'
  LEFT JOIN conversation_state AS s
    ON s.organization_id = p.organization_id AND s.conversation_id = p.record_id
  WHERE p.publish = 1
  LIMIT ?2
)
UNION ALL
SELECT * FROM (
  SELECT p.organization_id, p.type, p.record_id, p.mark, 0
  FROM json_each(?1) AS j
  CROSS JOIN pending AS p ON p.organization_id = j.value AND p.type IN ('department', 'organization')
  WHERE p.publish = 1
  LIMIT ?2
)
