SELECT count(*) FROM (SELECT 1 FROM pending WHERE type = 'conversation' AND fold = 1 LIMIT ?1)
