-- affected: the conversations of the organizations in ?1, a JSON array of ids, whose row may have changed, because their
-- candidate has, or the record of its contact or of one of its people. No timeline is read for that, only candidates.
WITH named AS (
  SELECT DISTINCT p.organization_id
  FROM json_each(?1) AS j
  JOIN pending AS p ON p.organization_id = j.value AND p.type IN ('contact', 'user')
), affected AS MATERIALIZED (
  SELECT p.organization_id, p.record_id AS conversation_id
  FROM json_each(?1) AS j
  JOIN pending AS p
    ON p.organization_id = j.value AND p.type = 'conversation' AND p.publish = 1
  UNION
  SELECT s.organization_id, s.conversation_id
  FROM named
  CROSS JOIN conversation_state AS s ON s.organization_id = named.organization_id
  WHERE EXISTS (
    SELECT 1 FROM pending AS p
    WHERE p.organization_id = s.organization_id AND p.type = 'contact' AND p.record_id = s.candidate ->> 'contactId'
  ) OR EXISTS (
    SELECT 1 FROM pending AS p
    WHERE p.organization_id = s.organization_id AND p.type = 'user' AND p.record_id = s.candidate ->> 'ownerId'
  ) OR EXISTS (
    SELECT 1 FROM json_each(s.candidate, '$.assigneeIds') AS assignee
    CROSS JOIN pending AS p
      ON p.organization_id = s.organization_id AND p.type = 'user' AND p.record_id = assignee.value
  )
)
