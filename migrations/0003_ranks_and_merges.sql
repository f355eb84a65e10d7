-- The rule of version 0.3: records say more, versions are ordered by more than their clock, conversations and contacts are
-- merged, and every conversation is folded again, in portions.
--
-- record.type may be resolution, too. record.body of a removal is '' or the JSON of its revision. What is added to a record
-- below is worked out from its body when it is read, and so is right whichever version of the service wrote it.

-- What a conversation or a contact was merged into.
ALTER TABLE record ADD COLUMN merged_into TEXT GENERATED ALWAYS AS (
  CASE WHEN deleted = 0 AND type IN ('conversation', 'contact') THEN body ->> 'mergedInto' END
) VIRTUAL;

-- What was merged into a conversation or a contact.
CREATE INDEX record_by_target ON record (organization_id, type, merged_into) WHERE merged_into IS NOT NULL;

-- Records with what their versions are ordered by, besides updated_at, deleted and body. It is a view because adding a column
-- reads every record and works out the generated columns of each, which takes longer than D1 allows where there are millions.
CREATE VIEW ranked_record AS
SELECT
  organization_id, type, record_id, conversation_id, updated_at, deleted, body, merged_into,
  -- The source's own counter of the record's changes; 0: it does not count.
  iif(body = '', 0, coalesce(body ->> 'revision', 0)) AS revision,
  -- How far the record is in its life: the status of a message; when a conversation was resolved, and whether it is no draft.
  CASE
    WHEN deleted = 1 OR body = '' THEN ''
    WHEN type = 'message' THEN CASE body ->> 'status'
      WHEN 'received' THEN '0'
      WHEN 'queued' THEN '1'
      WHEN 'sent' THEN '2'
      WHEN 'failed' THEN '3'
      WHEN 'delivered' THEN '4'
      WHEN 'read' THEN '5'
    END
    WHEN type = 'conversation' THEN coalesce(body ->> 'resolvedAt', '') || iif(body ->> 'draft', '0', '1')
    ELSE ''
  END AS maturity,
  -- How many fields have a value that is not their default.
  iif(deleted = 1 OR body = '', 0,
    coalesce(body -> 'active' <> 'true', 0) +
    coalesce(body -> 'bot' <> 'false', 0) +
    coalesce(body -> 'phone' <> 'null', 0) +
    coalesce(body -> 'mergedInto' <> 'null', 0) +
    coalesce(body -> 'mergedAt' <> 'null', 0) +
    coalesce(body -> 'departmentId' <> 'null', 0) +
    coalesce(body -> 'ownerId' <> 'null', 0) +
    coalesce(body -> 'assigneeIds' <> '[]', 0) +
    coalesce(body -> 'assignedAt' <> 'null', 0) +
    coalesce(body -> 'resolvedAt' <> 'null', 0) +
    coalesce(body -> 'snoozedAt' <> 'null', 0) +
    coalesce(body -> 'snoozedUntil' <> 'null', 0) +
    coalesce(body -> 'draft' <> 'false', 0) +
    coalesce(body -> 'startsWithAutopilot' <> 'true', 0) +
    coalesce(body -> 'sequence' <> '0', 0) +
    coalesce(body -> 'actorId' <> 'null', 0) +
    coalesce(body -> 'by' <> 'null', 0) +
    coalesce(body -> 'receivedAt' <> 'null', 0) +
    coalesce(body -> 'inReplyTo' <> 'null', 0) +
    coalesce(body -> 'senderId' <> 'null', 0) +
    coalesce(body -> 'visibility' <> '"public"', 0) +
    coalesce(body -> 'kind' <> '"text"', 0) +
    coalesce(body -> 'needsReply' <> 'true', 0) +
    coalesce(body ->> 'status' <> iif(body ->> 'direction' = 'inbound', 'received', 'sent'), 0)
  ) AS details
FROM record;

-- Since when items of a conversation are stored without a record of it; null: there is one, or there are no items.
ALTER TABLE conversation_state ADD COLUMN unknown_since INTEGER;

CREATE INDEX conversation_state_by_unknown ON conversation_state (unknown_since) WHERE unknown_since IS NOT NULL;

-- Where folding everything again goes on: after this conversation of this organization; null: all is folded by the rule that
-- the service follows. Until then nothing is published of this organization and of those after it.
ALTER TABLE refresh ADD COLUMN refold_organization TEXT;
ALTER TABLE refresh ADD COLUMN refold_conversation TEXT NOT NULL DEFAULT '';

UPDATE refresh SET refold_organization = '' WHERE EXISTS (SELECT 1 FROM record);

-- The rule that the last run followed, and the number of that run. If another number is in fence, a run of version 0.1 or 0.2
-- was the last, which does not know these columns. rule is null until anything has been folded.
ALTER TABLE refresh ADD COLUMN rule INTEGER;
ALTER TABLE refresh ADD COLUMN rule_fence INTEGER;

UPDATE refresh SET rule_fence = fence WHERE NOT EXISTS (SELECT 1 FROM record);

-- The rows of the published version by category, JSON: {"ai_stuck":3,…}.
ALTER TABLE organization ADD COLUMN categories TEXT NOT NULL DEFAULT '{}';

UPDATE organization
SET categories = (
  SELECT json_group_object(category, rows)
  FROM (
    SELECT entry.value ->> 2 AS category, count(*) AS rows
    FROM snapshot_part AS s CROSS JOIN json_each(s.entries, '$.entries') AS entry
    WHERE s.organization_id = organization.organization_id AND s.version = organization.version
    GROUP BY category
  )
)
WHERE version > 0;
