INSERT INTO conversation_sweep (organization_id, conversation_id, late_at)
SELECT DISTINCT r.organization_id, r.conversation_id, ?2
FROM json_each(?1) AS i
CROSS JOIN record AS r
  ON r.organization_id = i.value ->> 0 AND r.type = i.value ->> 1 AND r.record_id = i.value ->> 2
WHERE i.value ->> 11 < ?3 AND r.conversation_id IS NOT NULL
ON CONFLICT (organization_id, conversation_id) DO UPDATE SET late_at = excluded.late_at
WHERE late_at IS NULL OR late_at < excluded.late_at - 3600000
