-- Notes how many there are, for the log line of the next run.
UPDATE refresh SET expired = expired + counted.items
FROM (SELECT count(*) AS items FROM late) AS counted
WHERE counted.items > 0
