-- The lists of snapshots say from now on all that a summary counts. Lists of the old form are dropped and everything is
-- published anew by the next refresh: until then reports say that there is no snapshot yet.
--
-- snapshot_part.entries is from now on JSON:
--   {"departments":[[id,name or null],…],"channels":[…],"reasons":[…],"names":[…],
--    "entries":[[stalledSince,row_no,category,department or null,conversationId,reason,channel,[name,…]],…]}
-- where departments, reasons, channels and names of an entry are places in the tables before it.
-- pending.type may be department, too: its name is in the lists.

DELETE FROM snapshot_part;
DELETE FROM snapshot_row;

UPDATE organization
SET version = 0, as_of = 0, held_as_of = NULL, next_row_no = 1, candidates = 0, retired = '[]', retire_at = NULL;

-- Versions count from the beginning: no page cached and no snapshot id given out before may be taken for one of them.
UPDATE refresh SET generation = lower(hex(randomblob(32)));

-- Every candidate is published again. What is marked already keeps its mark, and what is to be folded is.
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT organization_id, 'conversation', conversation_id, 'migration 0002', 0, 1
FROM conversation_state WHERE candidate IS NOT NULL
ON CONFLICT (organization_id, type, record_id) DO UPDATE SET publish = 1;

-- And so is an organization in which nobody waits.
INSERT INTO pending (organization_id, type, record_id, mark, fold, publish)
SELECT organization_id, 'organization', organization_id, 'migration 0002', 0, 1
FROM organization WHERE true
ON CONFLICT (organization_id, type, record_id) DO UPDATE SET publish = 1;
