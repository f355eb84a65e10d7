SELECT j.key AS number, max(max(r.body ->> 'at', coalesce(r.body ->> 'receivedAt', ''))) AS newest, w.mark,
       max(max(coalesce(r.updated_at, 0), coalesce(c.updated_at, 0), coalesce(w.late_at, 0))) AS touched_at,
       s.candidate IS NOT NULL AS is_candidate
FROM json_each(?1) AS j
LEFT JOIN record AS r INDEXED BY record_by_conversation
  ON r.organization_id = j.value ->> 0 AND r.conversation_id = j.value ->> 1 AND r.conversation_id IS NOT NULL
LEFT JOIN record AS c
  ON c.organization_id = j.value ->> 0 AND c.type = 'conversation' AND c.record_id = j.value ->> 1
LEFT JOIN conversation_state AS s
  ON s.organization_id = j.value ->> 0 AND s.conversation_id = j.value ->> 1
LEFT JOIN conversation_sweep AS w
  ON w.organization_id = j.value ->> 0 AND w.conversation_id = j.value ->> 1
WHERE NOT EXISTS (
  SELECT 1 FROM pending AS p
  WHERE p.organization_id = j.value ->> 0 AND p.type = 'conversation' AND p.record_id = j.value ->> 1
)
GROUP BY j.key
HAVING newest < ?2 OR touched_at < ?3
