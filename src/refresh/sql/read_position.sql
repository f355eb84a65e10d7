-- How far the sweep has come; and besides, whether an erasure is open, and the organization that may have been purged by ?1 for
-- longest (null: there is none).
SELECT s.step, s.organization_id, s.type, s.record_id, s.began_at, s.finished_at,
       EXISTS (SELECT 1 FROM erasure AS e INDEXED BY erasure_open WHERE e.is_open = 1) AS has_open,
       (SELECT o.organization_id
        FROM organization AS o INDEXED BY organization_by_purge
        CROSS JOIN record AS own
          ON own.organization_id = o.organization_id AND own.type = 'organization' AND own.record_id = o.organization_id
        WHERE o.purge_at <= ?1 AND own.deleted = 1
        ORDER BY o.purge_at
        LIMIT 1) AS next_purge
FROM sweep AS s
