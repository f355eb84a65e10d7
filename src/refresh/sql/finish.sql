UPDATE refresh SET as_of = ?1, run = ?2, lease_until = NULL, expired = expired - ?3 RETURNING claimed_as_of
