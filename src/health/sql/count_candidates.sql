-- The rows of all published versions by category.
SELECT category.key, sum(category.value)
FROM organization AS o CROSS JOIN json_each(o.categories) AS category
GROUP BY category.key
