-- What is held of every event, what must be looked at again, and what is published.
-- Instants are integers: milliseconds since 1970-01-01T00:00:00Z. Every key starts with the organization.

-- One row a record: the version of it that won, of all that came. A removal is kept, so that an older
-- version that comes late stays removed.
CREATE TABLE record (
  organization_id TEXT NOT NULL,    -- the tenant
  type TEXT NOT NULL,               -- organization, department, user, contact, conversation, autopilot or message
  record_id TEXT NOT NULL,          -- the record's own id; with the two above its identity
  conversation_id TEXT,             -- the conversation that a message or an autopilot change is in; else null
  updated_at INTEGER NOT NULL,      -- the source's clock for this version
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)), -- 1: this version is a removal
  body TEXT NOT NULL,               -- RFC 8785 JSON of the other fields, defaults filled in; '' for a removal
  PRIMARY KEY (organization_id, type, record_id)
) STRICT, WITHOUT ROWID;

-- The timeline of a conversation.
CREATE INDEX record_by_conversation ON record (organization_id, conversation_id) WHERE conversation_id IS NOT NULL;

-- What changed since it was last folded or published. Ingest adds to it in the batch that writes the records.
CREATE TABLE pending (
  organization_id TEXT NOT NULL,
  type TEXT NOT NULL,               -- conversation, contact, user or organization
  record_id TEXT NOT NULL,          -- the id of the conversation, contact, user or organization
  mark TEXT NOT NULL,               -- the ingest that marked it last: what was read under one mark is cleared under no other
  fold INTEGER NOT NULL CHECK (fold IN (0, 1)),       -- 1: the conversation's timeline is to be folded into its state
  publish INTEGER NOT NULL CHECK (publish IN (0, 1)), -- 1: what it changes in the snapshot is to be published
  PRIMARY KEY (organization_id, type, record_id)
) STRICT, WITHOUT ROWID;

-- What the timeline of a conversation comes to. There is a row only where the conversation is a candidate, or
-- where time alone will change what it is.
CREATE TABLE conversation_state (
  organization_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  candidate TEXT,                   -- JSON: who waits, since when and why; null where nobody does
  due_at INTEGER,                   -- the first instant at which time alone changes this; null: never
  PRIMARY KEY (organization_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_state_by_due ON conversation_state (due_at) WHERE due_at IS NOT NULL;

-- One row an organization of which any event is held: the head of its snapshot, and its settings.
CREATE TABLE organization (
  organization_id TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL DEFAULT 0,     -- the published version of its snapshot; 0: none yet
  as_of INTEGER NOT NULL DEFAULT 0,       -- the instant that version was published for
  held_as_of INTEGER,                     -- while its refresh fails: the instant that its report speaks of; else null
  next_row_no INTEGER NOT NULL DEFAULT 1, -- the first row number that no version has used
  candidates INTEGER NOT NULL DEFAULT 0,  -- rows of the published version
  retired TEXT NOT NULL DEFAULT '[]',     -- JSON: [[superseded at, version, [its rows that no later version has]], …], oldest first
  retire_at INTEGER,                      -- when the first of them may be removed; null: there is none
  threshold_minutes INTEGER               -- set by the settings route; null: the default
) STRICT, WITHOUT ROWID;

-- The rows of the snapshots, never changed once written. Which version has which row is said by snapshot_part.
CREATE TABLE snapshot_row (
  organization_id TEXT NOT NULL,
  row_no INTEGER NOT NULL,
  people TEXT NOT NULL,             -- JSON: ids of the owner and the assignees, for `hasAccess`
  json TEXT NOT NULL,               -- the report's row as it is sent, without `hasAccess`
  PRIMARY KEY (organization_id, row_no)
) STRICT, WITHOUT ROWID;

-- A version: its rows in the order of the report. Large versions take several parts.
CREATE TABLE snapshot_part (
  organization_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  part INTEGER NOT NULL,            -- 0, 1, …
  entries TEXT NOT NULL,            -- JSON: {"departments":[id,…],"entries":[[stalledSince,row_no,category,department,conversationId],…]}
  PRIMARY KEY (organization_id, version, part)
) STRICT, WITHOUT ROWID;

-- The refresh: one row.
CREATE TABLE refresh (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  fence INTEGER NOT NULL,           -- counts the runs; only the one that started last may publish
  claimed_as_of INTEGER NOT NULL,   -- the latest instant that a run has started for
  as_of INTEGER,                    -- the instant that the last finished run speaks of; null: none has finished
  run TEXT,                         -- JSON: what the last finished run did
  generation TEXT NOT NULL          -- random, as old as this database: the key under which snapshot ids are signed
) STRICT;

INSERT INTO refresh (id, fence, claimed_as_of, generation) VALUES (1, 0, 0, lower(hex(randomblob(32))));

-- Never holds a row: inserting one rolls back the batch of a refresh that a later one has overtaken.
CREATE TABLE overtaken (
  fence INTEGER NOT NULL,
  CONSTRAINT refresh_overtaken CHECK (fence IS NULL)
) STRICT;
