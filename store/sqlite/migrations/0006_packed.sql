-- A visitor is read whole from its row, and the file becomes much smaller. The tags, groups,
-- identities and attributes of a visitor are packed in columns of its row (sqlstore/packed.go). The
-- tables visitors_by_… have only what finds visitors. An integer stands for the workspace in all
-- tables, a number of the workspace for a tag or a group, and a number for the kind of an event.
--
-- The rows are moved in batches, each in a transaction, which can be interrupted and continued.
-- Programs of older releases cannot write from the first transaction on, and lose nothing. They
-- bind the name of a workspace where its integer is now. As the column has the type ANY, they find
-- nothing by the name "1", where INTEGER would find the rows of another workspace.

CREATE TABLE visitors_moving (version INTEGER NOT NULL) STRICT;

ALTER TABLE visitors_workspace RENAME TO visitors_old_workspace;
ALTER TABLE visitors_visitor RENAME TO visitors_old_visitor;
ALTER TABLE visitors_identity RENAME TO visitors_old_identity;
ALTER TABLE visitors_tag RENAME TO visitors_old_tag;
ALTER TABLE visitors_visitor_tag RENAME TO visitors_old_visitor_tag;
ALTER TABLE visitors_group RENAME TO visitors_old_group;
ALTER TABLE visitors_visitor_group RENAME TO visitors_old_visitor_group;
ALTER TABLE visitors_attribute RENAME TO visitors_old_attribute;
ALTER TABLE visitors_event RENAME TO visitors_old_event;
ALTER TABLE visitors_captured RENAME TO visitors_old_captured;
ALTER TABLE visitors_merged RENAME TO visitors_old_merged;
DROP TABLE visitors_visitor_inbox;
DROP TABLE visitors_source;
DROP TABLE visitors_index;
DROP TABLE visitors_text;
DROP TABLE visitors_scratch;
DROP INDEX visitors_visitor_id;
DROP INDEX visitors_visitor_source;
DROP INDEX visitors_visitor_name;
DROP INDEX visitors_visitor_seen;
DROP INDEX visitors_visitor_updated;
DROP INDEX visitors_identity_account;
DROP INDEX visitors_tag_key;
DROP INDEX visitors_visitor_tag_tag;
DROP INDEX visitors_group_key;
DROP INDEX visitors_visitor_group_group;
DROP INDEX visitors_attribute_value;
DROP INDEX visitors_event_visitor;
DROP INDEX visitors_event_other;
DROP INDEX visitors_captured_at;
DROP INDEX visitors_merged_into;

CREATE TABLE visitors_workspace (
  ws      INTEGER PRIMARY KEY, -- stands for the workspace in the other tables
  name    TEXT    NOT NULL UNIQUE,
  seq     INTEGER NOT NULL, -- number of the last event
  catalog INTEGER NOT NULL DEFAULT 0 -- another random number after each change of a tag or group
) STRICT;

-- The numbers of tags and groups. They stay when a tag is deleted, since events mention it.
CREATE TABLE visitors_number (
  ws     ANY     NOT NULL,
  number INTEGER NOT NULL,
  id     BLOB    NOT NULL,
  PRIMARY KEY (ws, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX visitors_number_id ON visitors_number (ws, id);

-- The time of creation is in the id.
CREATE TABLE visitors_visitor (
  rowkey       INTEGER PRIMARY KEY, -- docid in visitors_text
  ws           ANY     NOT NULL,
  id           BLOB    NOT NULL,
  name         TEXT    NOT NULL,
  name_fold    TEXT    NOT NULL,
  email        TEXT    NOT NULL,
  email_fold   TEXT    NOT NULL, -- '' if it is email
  phone        TEXT    NOT NULL,
  source       TEXT    NOT NULL,
  updated_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  origins      TEXT    NOT NULL, -- JSON of visitor.Provenances, '' for none
  tags         BLOB    NOT NULL,
  groups       BLOB    NOT NULL,
  identities   BLOB    NOT NULL,
  attributes   BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX visitors_visitor_id ON visitors_visitor (ws, id);
CREATE INDEX visitors_visitor_source  ON visitors_visitor (ws, source, id);
CREATE INDEX visitors_visitor_name    ON visitors_visitor (ws, name_fold, id);
CREATE INDEX visitors_visitor_seen    ON visitors_visitor (ws, last_seen_at, id);
CREATE INDEX visitors_visitor_updated ON visitors_visitor (ws, updated_at, id);

CREATE TABLE visitors_tag (
  ws          ANY     NOT NULL,
  id          BLOB    NOT NULL,
  key         TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  color       TEXT    NOT NULL,
  description TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  uses        INTEGER NOT NULL DEFAULT 0, -- visitors that carry it
  PRIMARY KEY (ws, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX visitors_tag_key ON visitors_tag (ws, key);

CREATE TABLE visitors_group (
  ws          ANY     NOT NULL,
  id          BLOB    NOT NULL,
  key         TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  description TEXT    NOT NULL,
  rule        TEXT    NOT NULL, -- JSON, '' for none
  created_at  INTEGER NOT NULL,
  members     INTEGER NOT NULL DEFAULT 0, -- visitors put in by hand
  PRIMARY KEY (ws, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX visitors_group_key ON visitors_group (ws, key);

-- The visitors with a tag, and those in a group, are in the order of ids, in which pages are
-- read. That is why they have ids of 16 bytes in place of row keys.
CREATE TABLE visitors_by_tag (
  ws         ANY     NOT NULL,
  tag_id     INTEGER NOT NULL, -- number
  visitor_id BLOB    NOT NULL,
  PRIMARY KEY (ws, tag_id, visitor_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE visitors_by_group (
  ws         ANY     NOT NULL,
  group_id   INTEGER NOT NULL, -- number
  excluded   INTEGER NOT NULL, -- 1: taken out by hand
  visitor_id BLOB    NOT NULL,
  PRIMARY KEY (ws, group_id, excluded, visitor_id)
) STRICT, WITHOUT ROWID;

-- The inboxes of all identities of a visitor.
CREATE TABLE visitors_by_inbox (
  ws         ANY     NOT NULL,
  inbox      TEXT    NOT NULL,
  visitor_id BLOB    NOT NULL,
  PRIMARY KEY (ws, inbox, visitor_id)
) STRICT, WITHOUT ROWID;

-- Identities and attributes are also looked up by visitor: conditions on a part of an identity,
-- and on a range of values, would otherwise read all that satisfy them.
CREATE TABLE visitors_by_identity (
  ws          ANY     NOT NULL,
  visitor_id  BLOB    NOT NULL,
  source      TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  external_id TEXT    NOT NULL,
  PRIMARY KEY (ws, visitor_id, source, account, external_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX visitors_by_identity_account ON visitors_by_identity (ws, source, account, external_id);

CREATE TABLE visitors_by_attribute (
  ws         ANY     NOT NULL,
  visitor_id BLOB    NOT NULL,
  name       TEXT    NOT NULL,
  ord        INTEGER NOT NULL, -- place in a list, else 0
  kind       INTEGER NOT NULL, -- 1 text, 2 number, 3 bool, 4 time, 5 item of a list
  text_fold  TEXT    NOT NULL,
  number     REAL    NOT NULL, -- a bool is 0 or 1
  micros     INTEGER NOT NULL,
  PRIMARY KEY (ws, visitor_id, name, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_by_attribute_value ON visitors_by_attribute (ws, name, kind, number, micros, text_fold, visitor_id);

CREATE TABLE visitors_event (
  ws         ANY     NOT NULL,
  seq        INTEGER NOT NULL,
  kind       INTEGER NOT NULL, -- see kinds in sqlstore/events.go
  at         INTEGER NOT NULL,
  visitor_id BLOB    NOT NULL, -- empty for none
  other_id   BLOB    NOT NULL, -- empty for none
  tag_ids    BLOB    NOT NULL, -- numbers, as varints
  group_ids  BLOB    NOT NULL, -- numbers, as varints
  fields     TEXT    NOT NULL, -- names, separated by spaces
  actor      TEXT    NOT NULL,
  cause      TEXT    NOT NULL,
  stamp      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (ws, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_event_visitor ON visitors_event (ws, visitor_id, seq);
CREATE INDEX visitors_event_other ON visitors_event (ws, other_id, seq) WHERE other_id <> x'';

CREATE TABLE visitors_index (
  ws      ANY     NOT NULL,
  part    INTEGER NOT NULL, -- 0, 1, 2 … of one copy
  seq     INTEGER NOT NULL, -- number of the last event that the copy contains
  stamp   INTEGER NOT NULL, -- of that event
  body    BLOB    NOT NULL, -- ids, times, sources, tags, groups; no names, texts or values
  PRIMARY KEY (ws, part)
) STRICT;

CREATE TABLE visitors_captured (
  ws  ANY     NOT NULL,
  key BLOB    NOT NULL, -- 16 bytes
  at  INTEGER NOT NULL,
  PRIMARY KEY (ws, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_captured_at ON visitors_captured (ws, at);

CREATE TABLE visitors_merged (
  ws      ANY     NOT NULL,
  id      BLOB    NOT NULL,
  into_id BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  state   TEXT    NOT NULL, -- JSON of visitor.Merged
  PRIMARY KEY (ws, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_merged_into ON visitors_merged (ws, into_id);

CREATE TABLE visitors_source (
  ws       ANY     NOT NULL,
  source   TEXT    NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (ws, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE visitors_scratch (
  docid INTEGER PRIMARY KEY,
  grams TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE visitors_text USING fts4 (content="visitors_scratch", grams, tokenize=simple, matchinfo=fts3);

INSERT INTO visitors_workspace (name, seq, catalog) SELECT ws, seq, random() FROM visitors_old_workspace ORDER BY ws;
INSERT INTO visitors_tag SELECT w.ws, t.id, t.key, t.name, t.color, t.description, t.created_at, 0
  FROM visitors_old_tag t JOIN visitors_workspace w ON w.name = t.ws;
INSERT INTO visitors_group SELECT w.ws, g.id, g.key, g.name, g.description, g.rule, g.created_at, 0
  FROM visitors_old_group g JOIN visitors_workspace w ON w.name = g.ws;
INSERT INTO visitors_number SELECT ws, row_number() OVER (PARTITION BY ws ORDER BY id), id
  FROM (SELECT ws, id FROM visitors_tag UNION SELECT ws, id FROM visitors_group);

-- BATCHES

DROP TABLE visitors_old_workspace;
DROP TABLE visitors_old_visitor;
DROP TABLE visitors_old_identity;
DROP TABLE visitors_old_tag;
DROP TABLE visitors_old_visitor_tag;
DROP TABLE visitors_old_group;
DROP TABLE visitors_old_visitor_group;
DROP TABLE visitors_old_attribute;
DROP TABLE visitors_old_event;
DROP TABLE visitors_old_captured;
DROP TABLE visitors_old_merged;
DROP TABLE visitors_moving;
