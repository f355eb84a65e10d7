SELECT s.step, s.organization_id, s.type, s.record_id, s.began_at, s.finished_at,
       EXISTS (SELECT 1 FROM erasure AS e INDEXED BY erasure_open WHERE e.is_open = 1) AS has_open,
       (SELECT o.organization_id
        FROM organization AS o INDEXED BY organization_by_purge
        CROSS JOIN record AS own
          ON own.organization_id = o.organization_id AND own.type = 'organization' AND own.record_id = o.organization_id
        WHERE o.purge_at <= ?1 AND own.deleted = 1
        ORDER BY o.purge_at
        LIMIT 1) AS next_purge,
       (SELECT count(*) FROM (
         SELECT 1 FROM conversation_state AS c INDEXED BY conversation_state_by_unknown
         WHERE c.unknown_since IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM record AS own
           WHERE own.organization_id = c.organization_id AND own.type = 'organization'
             AND own.record_id = c.organization_id AND own.deleted = 1
         )
         LIMIT ?2
       )) AS unknown,
       (SELECT count(*) FROM organization AS t INDEXED BY organization_truncated
        WHERE t.missing > 0 AND NOT EXISTS (
          SELECT 1 FROM record AS own
          WHERE own.organization_id = t.organization_id AND own.type = 'organization'
            AND own.record_id = t.organization_id AND own.deleted = 1
        )) AS truncated,
       (SELECT as_of FROM refresh) AS last_as_of
FROM sweep AS s
