-- Makes pending the conversations in ?1, [[organization, conversation], …], whose state has changed though nothing of
-- their own did, under the run's change token (?2). One that has become pending meanwhile keeps its own token, and is
-- folded by the next run.
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT j.value ->> 0, 'conversation', j.value ->> 1, ?2, 1, 0
FROM json_each(?1) AS j WHERE true
ON CONFLICT DO NOTHING
