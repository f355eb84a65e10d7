-- What an organization can set besides its threshold, which stays in organization.threshold_minutes: a worker that does not
-- know this table reads and writes that column alone, and both agree about it.

-- One row for each change. The greatest number is in force; the others are kept for snapshots that clients still page
-- through. An organization without a row has the defaults, under number 0.
CREATE TABLE settings (
  organization_id TEXT NOT NULL,
  number INTEGER NOT NULL,            -- 1, 2, …: counts the changes; the ids of snapshots name it
  channel_threshold_minutes TEXT,     -- JSON: {"email":240,…}, at least one member; null: none is set
  department_threshold_minutes TEXT,  -- the same by the id of a department
  max_age_days INTEGER,               -- the age limit; null: the default
  superseded_at INTEGER,              -- when the next number came; null: in force
  PRIMARY KEY (organization_id, number)
) STRICT, WITHOUT ROWID;
