-- The last event of a workspace in each transaction has a random stamp, all others have 0. A
-- program that has read a workspace up to an event recognises by the stamp whether the event is
-- still the same: after a restored backup or a failover another one can have its number.

ALTER TABLE visitors_event ADD COLUMN stamp bigint NOT NULL DEFAULT 0;

-- Copies of the index that programs keep in memory, so that it need not be built again when a
-- program starts. They can be deleted at any time.
CREATE TABLE visitors_index (
  ws    text COLLATE "C" NOT NULL,
  part  integer NOT NULL, -- 0, 1, 2 … of one copy
  seq   bigint NOT NULL, -- number of the last event that the copy contains
  stamp bigint NOT NULL, -- of that event
  body  bytea NOT NULL, -- ids, times, sources, tags, groups; no names, texts or values of visitors
  PRIMARY KEY (ws, part)
);
