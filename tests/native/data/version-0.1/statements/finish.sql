-- The run has finished: every report that is not held speaks of its instant now.
UPDATE refresh SET as_of = ?1, run = ?2
