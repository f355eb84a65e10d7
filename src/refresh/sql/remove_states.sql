DELETE FROM conversation_state
WHERE (organization_id, conversation_id) IN (
  SELECT p.organization_id, p.record_id
  FROM json_each(?1) AS j
  JOIN pending AS p
    ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = j.value ->> 1
   AND p.mark = j.value ->> 2
  WHERE j.value ->> 4 = 1
)
