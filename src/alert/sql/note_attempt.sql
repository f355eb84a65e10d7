-- Notes an attempt to deliver to destination ?2 of organization ?1, if its row still has the revision ?3: the stalls,
-- since when a message waits, when it is to be tried, or if none waits the earliest instant of the next one, the
-- message of which it is not known whether it arrived, how often it was tried, and why that failed; if it arrived,
-- when, and what it was; and how many messages were given up.
UPDATE alert
SET stalls = ?4,
    is_settling = 0,
    queued_at = ?5,
    next_at = ?6,
    kind = ?7,
    attempts = ?8,
    problem = ?9,
    sent = sent + (?10 IS NOT NULL),
    sent_at = coalesce(?10, sent_at),
    sent_kind = coalesce(?11, sent_kind),
    given_up = given_up + ?12,
    revision = revision + 1
WHERE organization_id = ?1 AND destination_id = ?2 AND revision = ?3
