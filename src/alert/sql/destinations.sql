SELECT a.organization_id, a.destination_id, a.categories, a.department_ids, a.after_minutes, a.stalls, a.is_settling,
       a.revision, a.queued_at, a.next_at, a.problem, a.number, a.kind, a.attempts, a.sent_kind, a.format, a.sealed_url,
       a.sealed_secrets
FROM json_each(?1) AS j
CROSS JOIN alert AS a ON a.organization_id = j.value
WHERE a.enabled = 1
