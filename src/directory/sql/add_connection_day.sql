INSERT INTO connection_day (
  day, organization_id, connection_id, mapped, partly, unknown, unmappable, refused, seen,
  received_at, mapped_at, problem_at, refused_at, skew_ms, problem, refusal, stored_at
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
WHERE NOT EXISTS (
  SELECT 1 FROM connection_day AS last
  WHERE last.day IN (?1 - 1, ?1) AND last.organization_id = ?2 AND last.connection_id = ?3
    AND abs(last.stored_at - ?17) < ?18
)
ON CONFLICT (day, organization_id, connection_id) DO UPDATE SET
  mapped = mapped + excluded.mapped,
  partly = partly + excluded.partly,
  unknown = unknown + excluded.unknown,
  unmappable = unmappable + excluded.unmappable,
  refused = refused + excluded.refused,
  seen = seen | excluded.seen,
  received_at = max(received_at, excluded.received_at),
  mapped_at = max(mapped_at, excluded.mapped_at),
  problem_at = max(problem_at, excluded.problem_at),
  refused_at = max(refused_at, excluded.refused_at),
  skew_ms = coalesce(excluded.skew_ms, skew_ms),
  problem = iif(excluded.problem_at >= problem_at, coalesce(excluded.problem, problem), problem),
  refusal = iif(excluded.refused_at >= refused_at, coalesce(excluded.refusal, refusal), refusal),
  stored_at = excluded.stored_at
