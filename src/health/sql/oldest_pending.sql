SELECT min(waiting.since) AS since
FROM (
  SELECT coalesce(
    (SELECT min(p.marked_at)
     FROM (SELECT w.marked_at FROM pending AS w WHERE w.organization_id = o.organization_id LIMIT 1000) AS p),
    o.held_as_of
  ) AS since
  FROM (
    SELECT f.organization_id, f.held_as_of FROM organization AS f
    WHERE f.held_as_of IS NOT NULL
    ORDER BY f.held_as_of
    LIMIT 100
  ) AS o
  UNION ALL
  SELECT max(min(p.marked_at), coalesce((SELECT as_of FROM refresh), 0))
  FROM (SELECT w.marked_at FROM pending AS w LIMIT 1000) AS p
) AS waiting
