SELECT a.destination_id, a.format, a.sealed_url, a.sealed_secrets,
       json_object(
         'id', a.destination_id, 'host', a.host, 'urlEnd', a.url_end, 'format', a.format,
         'categories', json(a.categories), 'departmentIds', json(a.department_ids), 'afterMinutes', a.after_minutes,
         'enabled', json(iif(a.enabled = 1, 'true', 'false')),
         'delivery', json_object(
           'waitingSince', strftime('%Y-%m-%dT%H:%M:%fZ', a.queued_at / 1000.0, 'unixepoch'),
           'attempts', a.attempts, 'problem', a.problem, 'sent', a.sent,
           'sentAt', strftime('%Y-%m-%dT%H:%M:%fZ', a.sent_at / 1000.0, 'unixepoch'),
           'givenUp', a.given_up
         )
       ) AS shown
FROM organization AS o
LEFT JOIN alert AS a ON a.organization_id = ?1
WHERE o.organization_id = ?1
  AND NOT EXISTS (
    SELECT 1 FROM record AS own
    WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1 AND own.deleted = 1
  )
ORDER BY a.position
