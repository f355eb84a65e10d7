-- Removes versions, ?1 is [[organization, version], …].
DELETE FROM snapshot_part
WHERE (organization_id, version) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))
