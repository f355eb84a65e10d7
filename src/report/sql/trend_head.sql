-- The published version of organization ?1, the instant that it is as of, and the hour that is stored with it.
SELECT version, as_of, trend FROM organization WHERE organization_id = ?1
