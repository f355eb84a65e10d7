INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT organization_id, 'conversation', conversation_id, ?3, 1, 0 FROM next WHERE true
ON CONFLICT (organization_id, type, record_id) DO UPDATE SET fold = 1 WHERE fold = 0
