UPDATE refresh SET lease_until = ?2 WHERE fence = ?1
