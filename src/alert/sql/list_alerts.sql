-- The destinations of organization ?1, in order. If it has none, a row of nulls, and no row if it does not exist or was removed.
SELECT a.destination_id, a.host, a.url_end, a.format, a.categories, a.department_ids, a.after_minutes, a.enabled,
       a.sealed_url, a.sealed_secrets
FROM organization AS o
LEFT JOIN alert AS a ON a.organization_id = ?1
WHERE o.organization_id = ?1
  AND NOT EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
  )
ORDER BY a.position
