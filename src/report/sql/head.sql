-- The head of organization ?1: its version, the superseded versions that are still stored, the instant that its report is
-- as of, its threshold, whether it was removed, and the generation of this database.
SELECT o.version,
       (SELECT json_group_array(retired.value ->> 1) FROM json_each(o.retired) AS retired),
       coalesce(o.held_as_of, max(o.as_of, coalesce(r.as_of, 0))),
       o.threshold_minutes,
       coalesce((SELECT own.deleted FROM record AS own
                 WHERE own.organization_id = ?1 AND own.type = 'organization' AND own.record_id = ?1), 0),
       r.generation
FROM organization AS o
CROSS JOIN refresh AS r
WHERE o.organization_id = ?1
