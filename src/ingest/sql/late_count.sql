-- How many there are.
SELECT count(*) AS expired FROM late
