DELETE FROM connection_day WHERE day < ?1
