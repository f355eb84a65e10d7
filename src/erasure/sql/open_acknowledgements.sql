DELETE FROM record
WHERE (organization_id, type, record_id) IN (
  SELECT o.organization_id, 'acknowledgement', o.record_id FROM open AS o WHERE o.type = 'conversation'
)
