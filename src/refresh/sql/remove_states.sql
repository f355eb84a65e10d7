-- Removes the states of those conversations in ?1, [[organization, conversation, change token, whether the candidate
-- changed, whether nothing has to be stored], …], of which nothing has to be stored: they are no candidates, time alone
-- does not change that, and their records are known.
DELETE FROM conversation_state
WHERE (organization_id, conversation_id) IN (
  SELECT p.organization_id, p.record_id
  FROM json_each(?1) AS j
  JOIN pending AS p
    ON p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = j.value ->> 1
   AND p.mark = j.value ->> 2
  WHERE j.value ->> 4 = 1
)
