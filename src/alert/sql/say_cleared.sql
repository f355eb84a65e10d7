SELECT json_object(
  'kind', 'cleared', 'asOf', ?4, 'total', CAST(?5 AS INTEGER), 'categories', json(a.categories), 'departmentIds', json(a.department_ids),
  'format', a.format, 'url', a.sealed_url, 'secrets', a.sealed_secrets,
  'conversations', json((
    SELECT json_group_array(json_object(
      'conversationId', j.value,
      'contactName', coalesce(k.body ->> 'name', ''),
      'channelType', c.body ->> 'channelType',
      'departmentId', c.body ->> 'departmentId',
      'departmentName', d.body ->> 'name'
    ))
    FROM json_each(?3) AS j
    LEFT JOIN record AS c
      ON c.organization_id = ?1 AND c.type = 'conversation' AND c.record_id = j.value AND c.deleted = 0
    LEFT JOIN record AS k
      ON k.organization_id = ?1 AND k.type = 'contact' AND k.record_id = c.body ->> 'contactId' AND k.deleted = 0
    LEFT JOIN record AS d
      ON d.organization_id = ?1 AND d.type = 'department' AND d.record_id = c.body ->> 'departmentId' AND d.deleted = 0
  ))
) AS message
FROM alert AS a
WHERE a.organization_id = ?1 AND a.destination_id = ?2
