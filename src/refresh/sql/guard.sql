-- The first statement of every batch that writes: it violates a constraint, which rolls the batch back, if a later run
-- than that of the fence ?1 has taken the lease.
INSERT INTO overtaken (fence) SELECT fence FROM refresh WHERE fence <> ?1
