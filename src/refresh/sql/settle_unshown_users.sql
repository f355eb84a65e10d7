DELETE FROM pending
WHERE organization_id = ?1 AND type = 'user' AND mark <> ?2 AND record_id NOT IN (
  SELECT person.value
  FROM conversation_state AS s
  CROSS JOIN json_each(json_insert(s.candidate -> 'assigneeIds', '$[#]', s.candidate ->> 'ownerId')) AS person
  WHERE s.organization_id = ?1 AND s.candidate IS NOT NULL AND person.value IS NOT NULL
)
