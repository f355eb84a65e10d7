SELECT count(*) AS expired FROM late
