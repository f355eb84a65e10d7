-- How long the oldest change waits for its report. Workers of before leave the column null, and so does a run in what it makes pending
-- itself.

-- When the record became pending, by the clock of the service.
ALTER TABLE pending ADD COLUMN marked_at INTEGER;
