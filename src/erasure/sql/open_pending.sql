, changed AS MATERIALIZED (
  SELECT o.organization_id, o.type, o.record_id, r.merged_into
  FROM open AS o
  CROSS JOIN record AS r
    ON r.organization_id = o.organization_id AND r.type = o.type AND r.record_id = o.record_id
  WHERE r.deleted = 0 AND r.updated_at <= o.erased_at
), token (mark) AS (
  SELECT coalesce((SELECT CAST(fence AS TEXT) FROM refresh WHERE epoch = fence), ?4)
)
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT c.organization_id, c.type, c.record_id, token.mark, c.type = 'conversation', c.type <> 'conversation'
FROM changed AS c CROSS JOIN token
UNION
SELECT c.organization_id, 'conversation', c.merged_into, token.mark, 1, 0
FROM changed AS c CROSS JOIN token
WHERE c.type = 'conversation' AND c.merged_into IS NOT NULL
ON CONFLICT (organization_id, type, record_id) DO UPDATE
SET mark = excluded.mark, fold = max(fold, excluded.fold), publish = max(publish, excluded.publish)
