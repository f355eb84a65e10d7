UPDATE record
SET deleted = 1, updated_at = o.erased_at,
    body = iif(coalesce(record.body ->> 'revision', 0) = 0, '', json_object('revision', record.body ->> 'revision'))
FROM open AS o
WHERE record.organization_id = o.organization_id AND record.type = o.type AND record.record_id = o.record_id
  AND record.deleted = 0 AND record.updated_at <= o.erased_at
