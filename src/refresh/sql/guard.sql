INSERT INTO overtaken (fence) SELECT fence FROM refresh WHERE fence <> ?1
