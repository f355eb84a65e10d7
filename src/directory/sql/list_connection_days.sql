SELECT day, organization_id, connection_id, mapped, partly, unknown, unmappable, refused, seen,
       received_at, mapped_at, problem_at, refused_at, skew_ms, problem, refusal
FROM connection_day
WHERE day >= ?2 AND (?1 IS NULL OR organization_id = ?1)
ORDER BY day DESC
LIMIT ?3
