DELETE FROM record
WHERE (organization_id, type, record_id) IN (
  SELECT f.organization_id, t.value, f.conversation_id
  FROM forgotten AS f CROSS JOIN json_each('["conversation","acknowledgement"]') AS t
)
