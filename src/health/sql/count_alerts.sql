-- How many destinations of alerts have a message waiting, at how many of these an attempt has failed, and how many
-- messages were given up.
SELECT count(queued_at), count(iif(attempts > 0, queued_at, NULL)) AS failing, coalesce(sum(given_up), 0) AS given_up FROM alert
