SELECT count(queued_at), count(iif(attempts > 0, queued_at, NULL)) AS failing, coalesce(sum(given_up), 0) AS given_up FROM alert
