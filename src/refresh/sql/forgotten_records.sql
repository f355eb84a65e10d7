-- Removes their records.
DELETE FROM record
WHERE (organization_id, type, record_id) IN (SELECT organization_id, 'conversation', conversation_id FROM forgotten)
