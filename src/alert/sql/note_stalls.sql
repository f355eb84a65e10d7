UPDATE alert
SET stalls = j.value ->> 3,
    is_settling = 0,
    queued_at = j.value ->> 4,
    next_at = j.value ->> 5,
    number = j.value ->> 6,
    attempts = iif(alert.number = j.value ->> 6, alert.attempts, 0),
    revision = alert.revision + 1
FROM json_each(?1) AS j
WHERE alert.organization_id = j.value ->> 0 AND alert.destination_id = j.value ->> 1 AND alert.revision = j.value ->> 2
RETURNING organization_id, destination_id, number, iif(queued_at IS NOT NULL AND ?2 IN (queued_at, next_at), next_at - ?2, NULL) AS wait_ms
