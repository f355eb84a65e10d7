DELETE FROM conversation_sweep
WHERE (organization_id, conversation_id) IN (SELECT organization_id, conversation_id FROM forgotten)
