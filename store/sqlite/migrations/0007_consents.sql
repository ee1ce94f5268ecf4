-- What people said about messages. A record is a value that package driver keeps by its kind and
-- key: topics, what is known about an address by a keyed hash of it, audiences, receipts of
-- erasures. What stands about the addresses of a visitor is packed in its row.

ALTER TABLE visitors_visitor ADD COLUMN consents BLOB NOT NULL DEFAULT x'';
ALTER TABLE visitors_workspace ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0; -- 1: there were records of addresses
ALTER TABLE visitors_workspace ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0; -- copies of the index from before this event are not stored

CREATE TABLE visitors_record (
  ws    ANY  NOT NULL,
  kind  TEXT NOT NULL,
  key   TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (ws, kind, key)
) STRICT, WITHOUT ROWID;

-- The suppression keys that were ever used.
CREATE TABLE visitors_key (
  id     TEXT NOT NULL PRIMARY KEY, -- consent.KeyID
  secret BLOB NOT NULL              -- empty if the application has the key
) STRICT, WITHOUT ROWID;

-- The visitors with an address, whose consents change when something is said about it.
CREATE INDEX visitors_visitor_email ON visitors_visitor (ws, iif(email_fold = '', email, email_fold), id) WHERE email <> '';
CREATE INDEX visitors_visitor_phone ON visitors_visitor (ws, phone, id) WHERE phone <> '';
