-- The inboxes of the business that received events of an identity.

ALTER TABLE visitors_identity ADD COLUMN inboxes TEXT NOT NULL DEFAULT ''; -- JSON: names, newest first, and times; '' for none

-- The inboxes of all identities of a visitor, by which filters find it.
CREATE TABLE visitors_visitor_inbox (
  ws         TEXT NOT NULL,
  visitor_id BLOB NOT NULL,
  inbox      TEXT NOT NULL,
  PRIMARY KEY (ws, visitor_id, inbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_visitor_inbox_inbox ON visitors_visitor_inbox (ws, inbox, visitor_id);
