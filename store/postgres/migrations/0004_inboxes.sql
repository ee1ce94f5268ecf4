-- The inboxes of the business that received events of an identity.

ALTER TABLE visitors_identity ADD COLUMN inboxes text COLLATE "C" NOT NULL DEFAULT ''; -- JSON: names, newest first, and times; '' for none

-- The inboxes of all identities of a visitor, by which filters find it.
CREATE TABLE visitors_visitor_inbox (
  ws         text COLLATE "C" NOT NULL,
  visitor_id uuid NOT NULL,
  inbox      text COLLATE "C" NOT NULL,
  PRIMARY KEY (ws, visitor_id, inbox)
);
CREATE INDEX visitors_visitor_inbox_inbox ON visitors_visitor_inbox (ws, inbox, visitor_id);
CREATE STATISTICS visitors_visitor_inbox_values (dependencies, mcv) ON ws, inbox FROM visitors_visitor_inbox;
