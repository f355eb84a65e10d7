-- The course of the day. Workers of before do not know the table and the column: what they publish is missing in the hours of it.

-- An hour in which anything changed of what an organization's report lists, once it is over.
CREATE TABLE trend (
  organization_id TEXT NOT NULL,
  slot INTEGER NOT NULL,            -- the number of the hour modulo 768: after 32 days a row is written over, and none has to be removed
  hour INTEGER NOT NULL,            -- the number of the hour: how many there were from 1970 up to it
  quiet_since INTEGER NOT NULL,     -- from this hour on until then nothing changed; the hour itself: what was before it is not known
  opened INTEGER NOT NULL,          -- rows that were listed all that time
  crossed INTEGER NOT NULL,         -- rows that came over their threshold
  cleared INTEGER NOT NULL,         -- rows over their threshold that a publication took off
  median_minutes INTEGER,           -- how long those were over it, in minutes; null: there are none
  worst_minutes INTEGER,            -- the longest of these times
  most INTEGER NOT NULL,            -- the most rows that were listed at once
  PRIMARY KEY (organization_id, slot)
) STRICT, WITHOUT ROWID;

-- The same of the hour in which the version was published, so far, as JSON: the numbers of src/snapshot/trend.rs; null: nothing is
-- counted yet. It is written together with the version.
ALTER TABLE organization ADD COLUMN trend TEXT;
