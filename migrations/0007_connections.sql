-- How the connections to help desks are doing: a row a day for each connection that a webhook came for. Rows are removed a
-- month later. Workers of before do not know the table.

CREATE TABLE connection_day (
  -- Days since 1970-01-01, UTC.
  day INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  -- Webhooks by what became of them.
  mapped INTEGER NOT NULL,
  partly INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  unmappable INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  -- Which webhooks came: bit n stands for the help desk's webhook n, in the order of the connector.
  seen INTEGER NOT NULL,
  -- When the last webhooks came, in milliseconds since 1970, or 0: an authentic one, one of which something was taken in,
  -- one of which something was not, and one that was refused.
  received_at INTEGER NOT NULL,
  mapped_at INTEGER NOT NULL,
  problem_at INTEGER NOT NULL,
  refused_at INTEGER NOT NULL,
  -- How far the help desk's clock was ahead when the last one was sent, in milliseconds.
  skew_ms INTEGER,
  -- What was not taken in, as JSON: the webhook, a path and types, and never a value.
  problem TEXT,
  -- Why the last one was refused.
  refusal TEXT,
  PRIMARY KEY (day, organization_id, connection_id)
) STRICT, WITHOUT ROWID;
