WITH RECURSIVE named AS (
  SELECT DISTINCT p.organization_id
  FROM json_each(?1) AS j
  JOIN pending AS p ON p.organization_id = j.value AND p.type IN ('contact', 'user')
), contact (organization_id, contact_id) AS (
  SELECT p.organization_id, p.record_id
  FROM json_each(?1) AS j
  JOIN pending AS p ON p.organization_id = j.value AND p.type = 'contact'
  UNION
  SELECT source.organization_id, source.record_id
  FROM contact AS c
  CROSS JOIN record AS source INDEXED BY record_by_target
    ON source.organization_id = c.organization_id AND source.type = 'contact' AND source.merged_into = c.contact_id
), affected AS MATERIALIZED (
  SELECT p.organization_id, p.record_id AS conversation_id
  FROM json_each(?1) AS j
  JOIN pending AS p
    ON p.organization_id = j.value AND p.type = 'conversation' AND p.publish = 1
  UNION
  SELECT s.organization_id, s.conversation_id
  FROM named
  CROSS JOIN conversation_state AS s ON s.organization_id = named.organization_id
  WHERE (s.organization_id, s.candidate ->> 'contactId') IN (SELECT organization_id, contact_id FROM contact)
  OR EXISTS (
    SELECT 1 FROM pending AS p
    WHERE p.organization_id = s.organization_id AND p.type = 'user' AND p.record_id = s.candidate ->> 'ownerId'
  ) OR EXISTS (
    SELECT 1 FROM json_each(s.candidate, '$.assigneeIds') AS assignee
    CROSS JOIN pending AS p
      ON p.organization_id = s.organization_id AND p.type = 'user' AND p.record_id = assignee.value
  )
)
