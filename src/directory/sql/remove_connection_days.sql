-- Removes the days before ?1, of all connections: also of those that are no more.
DELETE FROM connection_day WHERE day < ?1
