SELECT a.organization_id, a.conversation_id, s.candidate, c.body,
       iif(c.merged_into IS NULL, NULL, (
         WITH RECURSIVE chain (step, contact_id, body, merged_into) AS (
           SELECT 1, c.merged_into, target.body, target.merged_into
           FROM (SELECT 1) LEFT JOIN record AS target
             ON target.organization_id = c.organization_id AND target.type = 'contact'
            AND target.record_id = c.merged_into AND target.deleted = 0
           UNION ALL
           SELECT chain.step + 1, chain.merged_into, target.body, target.merged_into
           FROM chain LEFT JOIN record AS target
             ON target.organization_id = c.organization_id AND target.type = 'contact'
            AND target.record_id = chain.merged_into AND target.deleted = 0
           WHERE chain.merged_into IS NOT NULL AND chain.step < 10
         )
         SELECT json_group_array(json_array(contact_id, body)) FROM (SELECT * FROM chain ORDER BY step)
       ))
FROM affected AS a
LEFT JOIN conversation_state AS s
  ON s.organization_id = a.organization_id AND s.conversation_id = a.conversation_id
LEFT JOIN record AS c
  ON c.organization_id = a.organization_id AND c.type = 'contact' AND c.record_id = s.candidate ->> 'contactId'
 AND c.deleted = 0
