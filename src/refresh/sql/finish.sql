-- The run (?2) has finished: every report that is not frozen is as of its instant (?1) now, and the lease is free. It is told
-- the latest instant that another run has asked for meanwhile.
UPDATE refresh SET as_of = ?1, run = ?2, lease_until = NULL RETURNING claimed_as_of
