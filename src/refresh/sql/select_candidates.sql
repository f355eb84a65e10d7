SELECT s.conversation_id, count(*) OVER () AS total
FROM conversation_state AS s
LEFT JOIN record AS c
  ON c.organization_id = ?1 AND c.type = 'contact' AND c.record_id = s.candidate ->> 'contactId' AND c.deleted = 0
WHERE s.organization_id = ?1 AND s.candidate IS NOT NULL AND coalesce(c.body ->> 'blocked', 0) = 0
ORDER BY s.candidate ->> 'category' NOT IN ('ai_stuck', 'agent_abandoned'),
         s.candidate ->> 'stalledSince' < ?2 - 86400000 * coalesce((
           SELECT max_age_days FROM settings WHERE organization_id = ?1 ORDER BY number DESC LIMIT 1
         ), ?4),
         s.candidate ->> 'stalledSince',
         s.conversation_id
LIMIT ?3
