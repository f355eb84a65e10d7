SELECT category.key, sum(category.value)
FROM organization AS o CROSS JOIN json_each(o.categories) AS category
WHERE NOT EXISTS (
  SELECT 1 FROM record AS own
  WHERE own.organization_id = o.organization_id AND own.type = 'organization' AND own.record_id = o.organization_id
    AND own.deleted = 1
)
GROUP BY category.key
