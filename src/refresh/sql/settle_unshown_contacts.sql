DELETE FROM pending
WHERE organization_id = ?1 AND type = 'contact' AND mark <> ?2 AND record_id NOT IN (
  WITH RECURSIVE shown (step, contact_id) AS (
    SELECT 0, s.candidate ->> 'contactId'
    FROM conversation_state AS s WHERE s.organization_id = ?1 AND s.candidate IS NOT NULL
    UNION
    SELECT shown.step + 1, c.merged_into
    FROM shown CROSS JOIN record AS c
      ON c.organization_id = ?1 AND c.type = 'contact' AND c.record_id = shown.contact_id
    WHERE c.merged_into IS NOT NULL AND shown.step < 10
  )
  SELECT contact_id FROM shown
)
