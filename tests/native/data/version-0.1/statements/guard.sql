-- Rolls the batch back if a later run has started: the first statement of every batch that writes.
INSERT INTO overtaken (fence) SELECT fence FROM refresh WHERE fence <> ?1
