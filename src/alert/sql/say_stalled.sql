SELECT json_object(
  'kind', 'stalled', 'asOf', ?4, 'total', CAST(?5 AS INTEGER), 'categories', json(a.categories), 'departmentIds', json(a.department_ids),
  'format', a.format, 'url', a.sealed_url, 'secrets', a.sealed_secrets,
  'conversations', json((
    SELECT json_group_array(json_object(
      'conversationId', r.json ->> 'conversationId',
      'contactName', r.json ->> 'contactName',
      'channelType', r.json ->> 'channelType',
      'departmentId', r.json ->> 'departmentId',
      'departmentName', d.body ->> 'name',
      'category', r.json ->> 'category',
      'reason', r.json ->> 'reason',
      'waitingSince', r.json ->> 'waitingSince',
      'stalledSince', r.json ->> 'stalledSince',
      'stalledMinutes', j.value ->> 1,
      'stalledBusinessMinutes', j.value ->> 2,
      'assigneeNames', r.json -> 'assigneeNames'
    ))
    FROM json_each(?3) AS j
    CROSS JOIN snapshot_row AS r ON r.organization_id = ?1 AND r.row_no = j.value ->> 0
    LEFT JOIN record AS d
      ON d.organization_id = ?1 AND d.type = 'department' AND d.record_id = r.json ->> 'departmentId' AND d.deleted = 0
  ))
) AS message
FROM alert AS a
WHERE a.organization_id = ?1 AND a.destination_id = ?2
