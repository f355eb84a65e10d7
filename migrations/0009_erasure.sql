-- Contacts are erased and organizations purged. Workers of before do not know the table and the column. What they store of an
-- erased record is removed again by the next pass of the sweep.

-- What was erased: versions of these records that are no later than their erasure are not taken in, whatever their revision.
CREATE TABLE erasure (
  organization_id TEXT NOT NULL,
  type TEXT NOT NULL,               -- contact, conversation or organization
  record_id TEXT NOT NULL,
  contact_id TEXT NOT NULL,         -- the contact whose erasure was asked for; '' for an organization
  erased_at INTEGER NOT NULL,       -- by the clock of the service, or that of the erased version if it was ahead
  is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)), -- 1: the sweep has not yet removed everything that belongs to it
  PRIMARY KEY (organization_id, type, record_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX erasure_by_contact ON erasure (organization_id, contact_id);

CREATE INDEX erasure_open ON erasure (organization_id) WHERE is_open = 1;

-- When the sweep may remove everything of the organization except its tombstone; null: it was not removed.
ALTER TABLE organization ADD COLUMN purge_at INTEGER;

CREATE INDEX organization_by_purge ON organization (purge_at) WHERE purge_at IS NOT NULL;

-- How many items came too late to be taken in since the last run that has finished began.
ALTER TABLE refresh ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
