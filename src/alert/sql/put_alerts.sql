INSERT INTO alert (
  organization_id, destination_id, position, sealed_url, host, url_end, sealed_secrets, format, categories, department_ids,
  after_minutes, enabled, is_settling, revision, number, attempts, sent, given_up
)
SELECT o.organization_id, d.value ->> 0, d.key,
       coalesce(s.value ->> 0, old.sealed_url),
       coalesce(s.value ->> 1, old.host),
       coalesce(s.value ->> 2, old.url_end),
       iif(d.value ->> 1 = 'standard-webhooks', coalesce(s.value ->> 3, old.sealed_secrets), NULL),
       d.value ->> 1, d.value -> 2, nullif(d.value -> 3, 'null'), d.value ->> 4, d.value ->> 5,
       1, 1, ?4, 0, 0, 0
FROM organization AS o
CROSS JOIN json_each(?2) AS d
CROSS JOIN json_each(?3) AS s ON s.key = d.key
LEFT JOIN alert AS old ON old.organization_id = ?1 AND old.destination_id = d.value ->> 0
WHERE o.organization_id = ?1
  AND NOT EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
  )
ON CONFLICT (organization_id, destination_id) DO UPDATE
SET position = excluded.position,
    sealed_url = excluded.sealed_url,
    host = excluded.host,
    url_end = excluded.url_end,
    sealed_secrets = excluded.sealed_secrets,
    is_settling = is_settling = 1 OR enabled <> excluded.enabled OR categories <> excluded.categories
      OR department_ids IS NOT excluded.department_ids OR after_minutes IS NOT excluded.after_minutes,
    stalls = iif(excluded.enabled = 1, stalls, NULL),
    queued_at = iif(excluded.enabled = 1, queued_at, NULL),
    kind = iif(excluded.enabled = 1, kind, NULL),
    next_at = iif(excluded.enabled = 1, next_at, ?5),
    format = excluded.format,
    categories = excluded.categories,
    department_ids = excluded.department_ids,
    after_minutes = excluded.after_minutes,
    enabled = excluded.enabled,
    revision = revision + 1
