-- The next conversations to fold, after organization ?1 and conversation ?2, with the length of their timelines.
SELECT p.organization_id, p.record_id,
       (SELECT count(*) FROM record AS r
        WHERE r.organization_id = p.organization_id AND r.conversation_id = p.record_id)
FROM pending AS p
WHERE p.type = 'conversation' AND p.fold = 1
  AND (p.organization_id, p.type, p.record_id) > (?1, 'conversation', ?2)
ORDER BY p.organization_id, p.type, p.record_id
LIMIT ?3
