-- The tables of the visitors library. All names start with visitors_, so that they can
-- live in a host's own database. The workspace leads every key. Nothing is NULL: '' and 0
-- stand for absent. Ids are 16 bytes, times are microseconds since 1970.

CREATE TABLE visitors_workspace (
  ws  TEXT    NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL -- number of the last event
) STRICT, WITHOUT ROWID;

CREATE TABLE visitors_visitor (
  rowkey       INTEGER PRIMARY KEY, -- docid in visitors_text
  ws           TEXT    NOT NULL,
  id           BLOB    NOT NULL,
  name         TEXT    NOT NULL,
  name_fold    TEXT    NOT NULL,
  email        TEXT    NOT NULL,
  email_fold   TEXT    NOT NULL,
  phone        TEXT    NOT NULL,
  source       TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  revision     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX visitors_visitor_id ON visitors_visitor (ws, id);
CREATE INDEX visitors_visitor_source  ON visitors_visitor (ws, source, id);
CREATE INDEX visitors_visitor_name    ON visitors_visitor (ws, name_fold, id);
CREATE INDEX visitors_visitor_seen    ON visitors_visitor (ws, last_seen_at, id);
CREATE INDEX visitors_visitor_updated ON visitors_visitor (ws, updated_at, id);

CREATE TABLE visitors_identity (
  ws          TEXT    NOT NULL,
  visitor_id  BLOB    NOT NULL,
  source      TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  external_id TEXT    NOT NULL,
  username    TEXT    NOT NULL,
  first_seen  INTEGER NOT NULL,
  last_seen   INTEGER NOT NULL,
  PRIMARY KEY (ws, visitor_id, source, account, external_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX visitors_identity_account ON visitors_identity (ws, source, account, external_id);

CREATE TABLE visitors_tag (
  ws          TEXT    NOT NULL,
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

CREATE TABLE visitors_visitor_tag (
  ws         TEXT    NOT NULL,
  visitor_id BLOB    NOT NULL,
  tag_id     BLOB    NOT NULL,
  put_at     INTEGER NOT NULL,
  put_by     TEXT    NOT NULL,
  cause      TEXT    NOT NULL,
  PRIMARY KEY (ws, visitor_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_visitor_tag_tag ON visitors_visitor_tag (ws, tag_id, visitor_id);

CREATE TABLE visitors_group (
  ws          TEXT    NOT NULL,
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

CREATE TABLE visitors_visitor_group (
  ws         TEXT    NOT NULL,
  visitor_id BLOB    NOT NULL,
  group_id   BLOB    NOT NULL,
  excluded   INTEGER NOT NULL, -- 1: taken out by hand
  PRIMARY KEY (ws, visitor_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_visitor_group_group ON visitors_visitor_group (ws, group_id, excluded, visitor_id);

CREATE TABLE visitors_attribute (
  ws         TEXT    NOT NULL,
  visitor_id BLOB    NOT NULL,
  name       TEXT    NOT NULL,
  ord        INTEGER NOT NULL, -- place in a list, else 0
  kind       INTEGER NOT NULL, -- 1 text, 2 number, 3 bool, 4 time, 5 item of a list
  text       TEXT    NOT NULL,
  text_fold  TEXT    NOT NULL,
  number     REAL    NOT NULL, -- a bool is 0 or 1
  micros     INTEGER NOT NULL,
  PRIMARY KEY (ws, visitor_id, name, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_attribute_value ON visitors_attribute (ws, name, kind, number, micros, text_fold, visitor_id);

CREATE TABLE visitors_event (
  ws         TEXT    NOT NULL,
  seq        INTEGER NOT NULL,
  kind       TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  visitor_id BLOB    NOT NULL, -- 16 zero bytes for none
  tag_ids    BLOB    NOT NULL, -- 16 bytes each
  group_ids  BLOB    NOT NULL, -- 16 bytes each
  fields     TEXT    NOT NULL, -- names, separated by spaces
  PRIMARY KEY (ws, seq)
) STRICT, WITHOUT ROWID;

-- SQLite's planner does not know how common a value is. These exact counters do, and so do
-- visitors_tag.uses and visitors_group.members. The library keeps them: triggers would double
-- the cost of a load.
CREATE TABLE visitors_source (
  ws       TEXT    NOT NULL,
  source   TEXT    NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (ws, source)
) STRICT, WITHOUT ROWID;

-- The search index: for each visitor the overlapping runs of three characters of its
-- folded name, folded e-mail and phone. FTS4 keeps none of the text: visitors_scratch,
-- where it would look for it, holds the old text of the rows that are being taken out, and is
-- empty between transactions.
CREATE TABLE visitors_scratch (
  docid INTEGER PRIMARY KEY,
  grams TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE visitors_text USING fts4 (content="visitors_scratch", grams, tokenize=simple, matchinfo=fts3);
