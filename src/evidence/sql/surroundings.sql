SELECT k.body,
       iif(k.merged_into IS NULL, NULL, (
         WITH RECURSIVE chain (step, contact_id, body, merged_into) AS (
           SELECT 1, k.merged_into, target.body, target.merged_into
           FROM (SELECT 1) LEFT JOIN record AS target
             ON target.organization_id = ?1 AND target.type = 'contact' AND target.record_id = k.merged_into
            AND target.deleted = 0
           UNION ALL
           SELECT chain.step + 1, chain.merged_into, target.body, target.merged_into
           FROM chain LEFT JOIN record AS target
             ON target.organization_id = ?1 AND target.type = 'contact' AND target.record_id = chain.merged_into
            AND target.deleted = 0
           WHERE chain.merged_into IS NOT NULL AND chain.step < 10
         )
         SELECT json_group_array(json_array(contact_id, body)) FROM (SELECT * FROM chain ORDER BY step)
       )),
       (SELECT json_group_array(json_array(u.record_id, u.body))
        FROM json_each(json_insert(c.body -> 'assigneeIds', '$[#]', c.body ->> 'ownerId')) AS person
        CROSS JOIN record AS u
          ON u.organization_id = ?1 AND u.type = 'user' AND u.record_id = person.value AND u.deleted = 0) AS users,
       a.updated_at,
       (SELECT u.body ->> 'fullName' FROM record AS u
        WHERE u.organization_id = ?1 AND u.type = 'user' AND u.record_id = ?3 AND u.deleted = 0) AS caller_name,
       c.body ->> 'contactId' AS contact_id
FROM (SELECT 1)
LEFT JOIN record AS c
  ON c.organization_id = ?1 AND c.type = 'conversation' AND c.record_id = ?2 AND c.deleted = 0
LEFT JOIN record AS k
  ON k.organization_id = ?1 AND k.type = 'contact' AND k.record_id = c.body ->> 'contactId' AND k.deleted = 0
LEFT JOIN record AS a ON a.organization_id = ?1 AND a.type = 'acknowledgement' AND a.record_id = ?2
