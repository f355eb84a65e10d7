-- Removes all versions of organization ?1 except ?2: which of them it has superseded, and when, cannot be read.
DELETE FROM snapshot_part WHERE organization_id = ?1 AND version <> ?2
