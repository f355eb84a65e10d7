UPDATE alert
SET stalls = ?4,
    is_settling = 0,
    queued_at = ?5,
    next_at = ?6,
    kind = ?7,
    attempts = ?8,
    problem = ?9,
    sent = sent + (?10 IS NOT NULL),
    sent_at = coalesce(?10, sent_at),
    sent_kind = coalesce(?11, sent_kind),
    given_up = given_up + ?12,
    revision = revision + 1
WHERE organization_id = ?1 AND destination_id = ?2 AND revision = ?3
