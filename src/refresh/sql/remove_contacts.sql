DELETE FROM record
WHERE (organization_id, type, record_id) IN (SELECT j.value ->> 0, 'contact', j.value ->> 1 FROM json_each(?1) AS j)
  AND updated_at < ?2
  AND iif(deleted = 0, coalesce(body ->> 'blocked', 0), 0) = 0
  AND NOT EXISTS (
    SELECT 1 FROM record AS source INDEXED BY record_by_target
    WHERE source.organization_id = record.organization_id AND source.type = 'contact'
      AND source.merged_into = record.record_id
  )
  AND (organization_id, record_id) NOT IN (
    SELECT o.organization_id, c.body ->> 'contactId'
    FROM (SELECT DISTINCT value ->> 0 AS organization_id FROM json_each(?1)) AS o
    CROSS JOIN record AS c ON c.organization_id = o.organization_id AND c.type = 'conversation' AND c.deleted = 0
  )
