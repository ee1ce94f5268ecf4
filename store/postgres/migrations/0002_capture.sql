-- What captures and merges need.

ALTER TABLE visitors_visitor ADD COLUMN origins text COLLATE "C" NOT NULL DEFAULT ''; -- JSON of visitor.Origins, '' for none
ALTER TABLE visitors_identity ADD COLUMN username_at bigint NOT NULL DEFAULT 0;
ALTER TABLE visitors_event ADD COLUMN other_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';

-- Who has an address, the oldest first.
CREATE INDEX visitors_visitor_email ON visitors_visitor (ws, email_fold, id) WHERE email_fold <> '';
CREATE INDEX visitors_visitor_phone ON visitors_visitor (ws, phone, id) WHERE phone <> '';

-- The events of channels that were taken in. A key is a hash, and tells nothing of anybody.
CREATE TABLE visitors_captured (
  ws  text COLLATE "C" NOT NULL,
  key uuid   NOT NULL, -- no id, but of the same length
  at  bigint NOT NULL,
  PRIMARY KEY (ws, key)
);
CREATE INDEX visitors_captured_at ON visitors_captured (ws, at);

-- The visitors who were merged into others, and what undoes it.
CREATE TABLE visitors_merged (
  ws      text COLLATE "C" NOT NULL,
  id      uuid   NOT NULL,
  into_id uuid   NOT NULL,
  at      bigint NOT NULL,
  state   text COLLATE "C" NOT NULL, -- JSON of visitor.Merged
  PRIMARY KEY (ws, id)
);
CREATE INDEX visitors_merged_into ON visitors_merged (ws, into_id);
