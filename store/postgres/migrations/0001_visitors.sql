-- The tables of the visitors library. All names start with visitors_; the engine writes
-- the schema before each of them. The workspace leads every key, so that the tables can be
-- distributed by it. Nothing is NULL: '' and 0 stand for absent. Times are microseconds
-- since 1970. Text is ordered byte for byte, which in UTF-8 is the order of code points.

CREATE TABLE visitors_workspace (
  ws  text COLLATE "C" NOT NULL,
  seq bigint NOT NULL, -- number of the last event; whoever writes holds this row
  PRIMARY KEY (ws)
);

CREATE TABLE visitors_visitor (
  ws           text COLLATE "C" NOT NULL,
  id           uuid   NOT NULL,
  name         text COLLATE "C" NOT NULL,
  name_fold    text COLLATE "C" NOT NULL,
  email        text COLLATE "C" NOT NULL,
  email_fold   text COLLATE "C" NOT NULL,
  phone        text COLLATE "C" NOT NULL,
  source       text COLLATE "C" NOT NULL,
  created_at   bigint NOT NULL,
  updated_at   bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  revision     bigint NOT NULL,
  -- What a search looks at. The digits of the phone are capitals, which folded text has
  -- none of, so that those of a name are others; to a trigram index both are letters.
  search       text COLLATE "C" NOT NULL GENERATED ALWAYS AS
    (name_fold || chr(10) || email_fold || chr(10) || translate(phone, '0123456789+', 'BCDFGHJKQX')) STORED,
  PRIMARY KEY (ws, id)
);
CREATE INDEX visitors_visitor_source  ON visitors_visitor (ws, source, id);
CREATE INDEX visitors_visitor_name    ON visitors_visitor (ws, name_fold, id);
CREATE INDEX visitors_visitor_seen    ON visitors_visitor (ws, last_seen_at, id);
CREATE INDEX visitors_visitor_updated ON visitors_visitor (ws, updated_at, id);

CREATE TABLE visitors_identity (
  ws          text COLLATE "C" NOT NULL,
  source      text COLLATE "C" NOT NULL,
  account     text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  visitor_id  uuid   NOT NULL,
  username    text COLLATE "C" NOT NULL,
  first_seen  bigint NOT NULL,
  last_seen   bigint NOT NULL,
  PRIMARY KEY (ws, source, external_id, account) -- an account need not be given to find one
);
CREATE INDEX visitors_identity_visitor ON visitors_identity (ws, visitor_id);

CREATE TABLE visitors_tag (
  ws          text COLLATE "C" NOT NULL,
  id          uuid   NOT NULL,
  key         text COLLATE "C" NOT NULL,
  name        text COLLATE "C" NOT NULL,
  color       text COLLATE "C" NOT NULL,
  description text COLLATE "C" NOT NULL,
  created_at  bigint NOT NULL,
  PRIMARY KEY (ws, id)
);
CREATE UNIQUE INDEX visitors_tag_key ON visitors_tag (ws, key);

CREATE TABLE visitors_visitor_tag (
  ws         text COLLATE "C" NOT NULL,
  visitor_id uuid   NOT NULL,
  tag_id     uuid   NOT NULL,
  put_at     bigint NOT NULL,
  put_by     text COLLATE "C" NOT NULL,
  cause      text COLLATE "C" NOT NULL,
  PRIMARY KEY (ws, visitor_id, tag_id)
);
CREATE INDEX visitors_visitor_tag_tag ON visitors_visitor_tag (ws, tag_id, visitor_id);

CREATE TABLE visitors_group (
  ws          text COLLATE "C" NOT NULL,
  id          uuid   NOT NULL,
  key         text COLLATE "C" NOT NULL,
  name        text COLLATE "C" NOT NULL,
  description text COLLATE "C" NOT NULL,
  rule        text COLLATE "C" NOT NULL, -- JSON, '' for none
  created_at  bigint NOT NULL,
  PRIMARY KEY (ws, id)
);
CREATE UNIQUE INDEX visitors_group_key ON visitors_group (ws, key);

CREATE TABLE visitors_visitor_group (
  ws         text COLLATE "C" NOT NULL,
  visitor_id uuid     NOT NULL,
  group_id   uuid     NOT NULL,
  excluded   smallint NOT NULL, -- 1: taken out by hand
  PRIMARY KEY (ws, visitor_id, group_id)
);
CREATE INDEX visitors_visitor_group_group ON visitors_visitor_group (ws, group_id, excluded, visitor_id);

CREATE TABLE visitors_attribute (
  ws         text COLLATE "C" NOT NULL,
  visitor_id uuid     NOT NULL,
  name       text COLLATE "C" NOT NULL,
  ord        integer  NOT NULL, -- place in a list, else 0
  kind       smallint NOT NULL, -- 1 text, 2 number, 3 bool, 4 time, 5 item of a list
  text       text COLLATE "C" NOT NULL,
  text_fold  text COLLATE "C" NOT NULL,
  number     double precision NOT NULL, -- a bool is 0 or 1
  micros     bigint   NOT NULL,
  PRIMARY KEY (ws, visitor_id, name, ord)
);
-- A text may be longer than an entry of an index; its head is not.
CREATE INDEX visitors_attribute_text   ON visitors_attribute (ws, name, substr(text_fold, 1, 64), visitor_id) WHERE kind IN (1, 5);
CREATE INDEX visitors_attribute_number ON visitors_attribute (ws, name, number, visitor_id) WHERE kind IN (2, 3);
CREATE INDEX visitors_attribute_micros ON visitors_attribute (ws, name, micros, visitor_id) WHERE kind = 4;

CREATE TABLE visitors_event (
  ws         text COLLATE "C" NOT NULL,
  seq        bigint NOT NULL,
  kind       text COLLATE "C" NOT NULL,
  at         bigint NOT NULL,
  visitor_id uuid   NOT NULL, -- all zeros for none
  tag_ids    bytea  NOT NULL, -- 16 bytes each
  group_ids  bytea  NOT NULL, -- 16 bytes each
  fields     text COLLATE "C" NOT NULL, -- names, separated by spaces
  PRIMARY KEY (ws, seq)
);

-- That a tag belongs to one workspace, the planner would not guess.
CREATE STATISTICS visitors_visitor_tag_values (dependencies, mcv) ON ws, tag_id FROM visitors_visitor_tag;
CREATE STATISTICS visitors_visitor_group_values (dependencies, mcv) ON ws, group_id FROM visitors_visitor_group;
CREATE STATISTICS visitors_visitor_values (dependencies, mcv) ON ws, source FROM visitors_visitor;
CREATE STATISTICS visitors_attribute_values (dependencies, mcv) ON ws, name, kind, substr(text_fold, 1, 64)
  FROM visitors_attribute;
