INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT j.value ->> 0, 'conversation', j.value ->> 1, ?2, 1, 0
FROM json_each(?1) AS j WHERE true
ON CONFLICT DO NOTHING
