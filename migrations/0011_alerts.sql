-- Who is told when somebody waits for too long. Workers of before do not know the table, and tell nobody.

CREATE TABLE alert (
  organization_id TEXT NOT NULL,
  destination_id TEXT NOT NULL,
  position INTEGER NOT NULL,          -- in the list of the organization, from 0
  sealed_url TEXT NOT NULL,           -- the address, encrypted: <id of the key>.<nonce>.<ciphertext>, base64url
  host TEXT NOT NULL,                 -- of the address
  url_end TEXT NOT NULL,              -- its last characters, so that somebody recognizes it
  sealed_secrets TEXT,                -- the secrets, encrypted in the same way; null: messages are not signed
  format TEXT NOT NULL,               -- standard-webhooks, slack or teams
  categories TEXT NOT NULL,           -- JSON: the categories that it is told of
  department_ids TEXT,                -- JSON: the departments that it is told of; null: all, and conversations without one
  after_minutes INTEGER,              -- how long a conversation must be stalled, if that is more than its threshold
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),

  stalls TEXT,                        -- the stalls that it fits: a line each, of a letter and the conversation; null: not looked yet
  is_settling INTEGER NOT NULL,       -- 1: the next refresh notes the stalls that it finds without telling them
  revision INTEGER NOT NULL,          -- counts the changes of the row, so that nobody writes over what they have not read

  number INTEGER NOT NULL,            -- of its last message; begins with the instant at which it was set, in milliseconds
  queued_at INTEGER,                  -- since when a message waits for delivery; null: none does
  kind TEXT,                          -- what the message says of which it is not known whether it arrived: stalled or
                                      -- cleared, with a ? if an earlier attempt may have arrived, too; null: none
  next_at INTEGER,                    -- when delivery is tried again
  attempts INTEGER NOT NULL,          -- how often delivery of what waits was tried
  problem TEXT,                       -- why the last attempt failed; null: it did not
  sent INTEGER NOT NULL,              -- how many messages arrived
  sent_at INTEGER,                    -- when the last of them did
  sent_kind TEXT,                     -- and what it was
  given_up INTEGER NOT NULL,          -- how many messages were given up
  PRIMARY KEY (organization_id, destination_id)
) STRICT, WITHOUT ROWID;
