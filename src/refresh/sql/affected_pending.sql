INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT organization_id, 'conversation', conversation_id, ?2, 0, 1 FROM affected WHERE true
ON CONFLICT (organization_id, type, record_id) DO UPDATE SET publish = 1 WHERE publish = 0
