-- The next conversations to fold, after organization ?1 and conversation ?2, with the length of their timelines:
-- counted outside, so that it is done for those that are listed and no others.
SELECT p.organization_id, p.record_id,
       (SELECT count(*) FROM record AS r
        WHERE r.organization_id = p.organization_id AND r.conversation_id = p.record_id)
FROM (
  SELECT organization_id, record_id FROM pending
  WHERE type = 'conversation' AND fold = 1 AND (organization_id, type, record_id) > (?1, 'conversation', ?2)
  ORDER BY organization_id, record_id
  LIMIT ?3
) AS p
