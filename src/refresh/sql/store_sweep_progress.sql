UPDATE sweep SET step = ?1, organization_id = ?2, type = ?3, record_id = ?4, began_at = ?5, finished_at = ?6
