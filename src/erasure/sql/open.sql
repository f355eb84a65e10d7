WITH open AS MATERIALIZED (
  SELECT e.organization_id, e.type, e.record_id, e.erased_at
  FROM erasure AS e INDEXED BY erasure_open
  WHERE e.is_open = 1 AND e.organization_id BETWEEN ?1 AND ?2
  ORDER BY e.organization_id, e.type, e.record_id
  LIMIT ?3
)
