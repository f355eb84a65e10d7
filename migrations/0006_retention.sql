-- Old conversations are forgotten. Workers of before do not know these tables and columns, and forget nothing.

-- The conversations of which items have been forgotten, and those to which old items came late.
CREATE TABLE conversation_sweep (
  organization_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  mark INTEGER,                     -- items that are not stored and arrived no later than this are ignored; null: it was never swept
  late_at INTEGER,                  -- when old items came last, by the clock of the service; null: none came
  PRIMARY KEY (organization_id, conversation_id)
) STRICT, WITHOUT ROWID;

-- How far the sweep has come: one row.
CREATE TABLE sweep (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  began_at INTEGER,                 -- the instant that the current pass, or else the last one, began as of; null: there was none
  finished_at INTEGER,              -- began_at of the last pass that came to its end; null: there was none
  step TEXT,                        -- what the pass goes through: conversations, removals; null: it has come to its end
  organization_id TEXT NOT NULL DEFAULT '', -- it goes on after this record of this type of this organization
  type TEXT NOT NULL DEFAULT '',
  record_id TEXT NOT NULL DEFAULT ''
) STRICT;

INSERT INTO sweep (id) VALUES (1);

-- Since when the organization is known to a version that forgets; null: from its beginning. What was there before is forgotten
-- no sooner than it would have been had it come then.
ALTER TABLE organization ADD COLUMN forgets_since INTEGER;

UPDATE organization SET forgets_since = CAST(strftime('%s', 'now') AS INTEGER) * 1000;
