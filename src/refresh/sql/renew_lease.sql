-- The run of fence ?1 gets on, so its deadline is ?2 now.
UPDATE refresh SET lease_until = ?2 WHERE fence = ?1
