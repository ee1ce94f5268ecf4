-- What people said about messages. A record is a value that package driver keeps by its kind and
-- key: topics, what is known about an address by a keyed hash of it, audiences, receipts of
-- erasures. What stands about the addresses of a visitor is packed in its row.

ALTER TABLE visitors_visitor ADD COLUMN consents bytea NOT NULL DEFAULT '';
ALTER TABLE visitors_workspace ADD COLUMN recorded bigint NOT NULL DEFAULT 0; -- 1: there were records of addresses
ALTER TABLE visitors_workspace ADD COLUMN forgotten bigint NOT NULL DEFAULT 0; -- copies of the index from before this event are not stored

CREATE TABLE visitors_record (
  ws    text COLLATE "C" NOT NULL,
  kind  text COLLATE "C" NOT NULL,
  key   text COLLATE "C" NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (ws, kind, key)
);

-- The suppression keys that were ever used. On a cluster this table is on the coordinator.
CREATE TABLE visitors_key (
  id     text COLLATE "C" NOT NULL PRIMARY KEY, -- consent.KeyID
  secret bytea NOT NULL             -- empty if the application has the key
);

-- Who gets a tag has a new version of its row. Where the page has room for it, the indexes need no new
-- entries. Half of each page is enough for a tag that all visitors get: the next change finds room
-- again, since the server then removes the old versions. Rows that are there get room when they
-- change, or by VACUUM FULL.

ALTER TABLE visitors_visitor SET (fillfactor = 50);
