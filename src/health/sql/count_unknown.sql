-- The conversations of which items are stored and no record, and since when the oldest has been waiting.
SELECT count(*), min(unknown_since) FROM conversation_state INDEXED BY conversation_state_by_unknown
WHERE unknown_since IS NOT NULL
