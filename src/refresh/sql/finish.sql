-- The run (?2) has finished: every report that is not frozen is as of its instant (?1) now, the lease is free, and ?3
-- expired items are told of. It is told the latest instant that another run has asked for meanwhile.
UPDATE refresh SET as_of = ?1, run = ?2, lease_until = NULL, expired = expired - ?3 RETURNING claimed_as_of
