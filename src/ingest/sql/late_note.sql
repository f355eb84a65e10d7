UPDATE refresh SET expired = expired + counted.items
FROM (SELECT count(*) AS items FROM late) AS counted
WHERE counted.items > 0
