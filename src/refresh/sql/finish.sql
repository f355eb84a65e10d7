-- The run (?2) has finished: every report that is not frozen is as of its instant (?1) now.
UPDATE refresh SET as_of = ?1, run = ?2
