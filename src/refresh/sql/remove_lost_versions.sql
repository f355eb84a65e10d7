DELETE FROM snapshot_part WHERE organization_id = ?1 AND version <> ?2
