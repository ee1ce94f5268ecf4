-- What captures and merges need.

ALTER TABLE visitors_visitor ADD COLUMN origins TEXT NOT NULL DEFAULT ''; -- JSON of visitor.Origins, '' for none
ALTER TABLE visitors_identity ADD COLUMN username_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visitors_event ADD COLUMN other_id BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';

-- The events of channels that were taken in. A key is a hash, and tells nothing of anybody.
CREATE TABLE visitors_captured (
  ws  TEXT    NOT NULL,
  key BLOB    NOT NULL, -- 16 bytes
  at  INTEGER NOT NULL,
  PRIMARY KEY (ws, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_captured_at ON visitors_captured (ws, at);

-- The visitors who were merged into others, and what undoes it.
CREATE TABLE visitors_merged (
  ws      TEXT    NOT NULL,
  id      BLOB    NOT NULL,
  into_id BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  state   TEXT    NOT NULL, -- JSON of visitor.Merged
  PRIMARY KEY (ws, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_merged_into ON visitors_merged (ws, into_id);
