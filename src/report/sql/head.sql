-- The head of organization ?1: its version, the versions kept beside it, the instant that its report speaks of, its
-- threshold, whether it is removed, and this database's generation.
SELECT o.version,
       (SELECT json_group_array(kept.value ->> 1) FROM json_each(o.retired) AS kept),
       coalesce(o.held_as_of, max(o.as_of, coalesce(r.as_of, 0))),
       o.threshold_minutes,
       coalesce((SELECT held.deleted FROM record AS held
                 WHERE held.organization_id = ?1 AND held.type = 'organization' AND held.record_id = ?1), 0),
       r.generation
FROM organization AS o
CROSS JOIN refresh AS r
WHERE o.organization_id = ?1
