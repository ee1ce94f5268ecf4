-- A smaller file. Tables that find visitors in no particular order have their row keys in place of
-- ids, the indexes of addresses have hashes in place of addresses, and the index of the events of a
-- visitor has the first half of its id.
--
-- The tables are filled anew from the rows of visitors, in batches, each in a transaction, which can
-- be interrupted and continued. Programs of older releases fail from the first transaction on, as
-- they read a column of visitors_workspace by its old name.

CREATE TABLE visitors_moving (rowkey INTEGER NOT NULL) STRICT; -- of the last visitor whose rows are there
INSERT INTO visitors_moving VALUES (0);

ALTER TABLE visitors_workspace RENAME COLUMN recorded TO has_records;

DROP TABLE visitors_by_inbox;
DROP TABLE visitors_by_identity;
DROP TABLE visitors_by_attribute;
DROP INDEX visitors_visitor_email;
DROP INDEX visitors_visitor_phone;
DROP INDEX visitors_event_visitor;

-- The inboxes of all identities of a visitor.
CREATE TABLE visitors_by_inbox (
  ws      ANY     NOT NULL,
  inbox   TEXT    NOT NULL,
  visitor INTEGER NOT NULL, -- row key
  PRIMARY KEY (ws, inbox, visitor)
) STRICT, WITHOUT ROWID;

-- Identities and attributes are also looked up by visitor: conditions on a part of an identity,
-- and on a range of values, would otherwise read all that satisfy them.
CREATE TABLE visitors_by_identity (
  ws          ANY     NOT NULL,
  visitor     INTEGER NOT NULL, -- row key
  source      TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  external_id TEXT    NOT NULL,
  PRIMARY KEY (ws, visitor, source, account, external_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX visitors_by_identity_account ON visitors_by_identity (ws, source, account, external_id);

CREATE TABLE visitors_by_attribute (
  ws        ANY     NOT NULL,
  visitor   INTEGER NOT NULL, -- row key
  name      TEXT    NOT NULL,
  ord       INTEGER NOT NULL, -- place in a list, else 0
  kind      INTEGER NOT NULL, -- 1 text, 2 number, 3 bool, 4 time, 5 item of a list
  text_fold TEXT    NOT NULL,
  number    REAL    NOT NULL, -- a bool is 0 or 1
  micros    INTEGER NOT NULL,
  PRIMARY KEY (ws, visitor, name, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_by_attribute_value ON visitors_by_attribute (ws, name, kind, number, micros, text_fold, visitor);

-- The visitors with an e-mail or a phone, whose consents change when something is said about it.
CREATE TABLE visitors_by_address (
  ws      ANY     NOT NULL,
  hash    INTEGER NOT NULL, -- of the folded e-mail or of the phone, see addressHash in sqlstore/by_address.go
  visitor INTEGER NOT NULL, -- row key
  PRIMARY KEY (ws, hash, visitor)
) STRICT, WITHOUT ROWID;

-- The first half of an id has its time, so the index grows at its end, and almost no others share it.
CREATE INDEX visitors_event_visitor ON visitors_event (ws, substr(visitor_id, 1, 8), seq);

-- BATCHES

DROP TABLE visitors_moving;
