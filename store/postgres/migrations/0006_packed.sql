-- A visitor is read whole from its row: its tags, groups, identities and attributes are packed in
-- columns of it (sqlstore/packed.go). The tables of these are called visitors_by_… now, and have
-- only what finds visitors.
--
-- The columns are filled in batches, each in a transaction, which can be interrupted and continued.
-- Programs of older releases cannot write from the first transaction on: they do not know the
-- column catalog, by which others notice that a tag has a new name, and write events without a
-- stamp.

CREATE TABLE visitors_moving (version integer NOT NULL);

ALTER TABLE visitors_workspace ADD COLUMN catalog bigint NOT NULL DEFAULT 0; -- another random number after each change of a tag or group
ALTER TABLE visitors_visitor ADD COLUMN tags bytea NOT NULL DEFAULT '';
ALTER TABLE visitors_visitor ADD COLUMN groups bytea NOT NULL DEFAULT '';
ALTER TABLE visitors_visitor ADD COLUMN identities bytea NOT NULL DEFAULT '';
ALTER TABLE visitors_visitor ADD COLUMN attributes bytea NOT NULL DEFAULT '';
ALTER TABLE visitors_visitor ADD COLUMN packed boolean NOT NULL DEFAULT false;
ALTER TABLE visitors_event ALTER COLUMN stamp DROP DEFAULT;
-- Who gets a tag has a new version of its row. With room for it in the same page, the indexes need
-- no new entry, which takes half as long.
ALTER TABLE visitors_visitor SET (fillfactor = 85);

ALTER TABLE visitors_visitor_tag RENAME TO visitors_by_tag;
ALTER TABLE visitors_visitor_group RENAME TO visitors_by_group;
ALTER TABLE visitors_visitor_inbox RENAME TO visitors_by_inbox;
ALTER TABLE visitors_identity RENAME TO visitors_by_identity;
ALTER TABLE visitors_attribute RENAME TO visitors_by_attribute;

-- BATCHES

ALTER TABLE visitors_visitor DROP COLUMN packed;

ALTER TABLE visitors_by_tag DROP CONSTRAINT visitors_visitor_tag_pkey;
DROP INDEX visitors_visitor_tag_tag;
ALTER TABLE visitors_by_tag DROP COLUMN put_at;
ALTER TABLE visitors_by_tag DROP COLUMN put_by;
ALTER TABLE visitors_by_tag DROP COLUMN cause;
ALTER TABLE visitors_by_tag ADD CONSTRAINT visitors_by_tag_pkey PRIMARY KEY (ws, tag_id, visitor_id);

ALTER TABLE visitors_by_group DROP CONSTRAINT visitors_visitor_group_pkey;
DROP INDEX visitors_visitor_group_group;
ALTER TABLE visitors_by_group DROP COLUMN at;
ALTER TABLE visitors_by_group DROP COLUMN actor;
ALTER TABLE visitors_by_group DROP COLUMN cause;
ALTER TABLE visitors_by_group ADD CONSTRAINT visitors_by_group_pkey PRIMARY KEY (ws, group_id, excluded, visitor_id);

ALTER TABLE visitors_by_inbox DROP CONSTRAINT visitors_visitor_inbox_pkey;
DROP INDEX visitors_visitor_inbox_inbox;
ALTER TABLE visitors_by_inbox ADD CONSTRAINT visitors_by_inbox_pkey PRIMARY KEY (ws, inbox, visitor_id);

-- Identities and attributes are also looked up by visitor: conditions on a part of an identity,
-- and on a range of values, would otherwise read all that satisfy them.
ALTER TABLE visitors_by_identity DROP COLUMN username;
ALTER TABLE visitors_by_identity DROP COLUMN username_at;
ALTER TABLE visitors_by_identity DROP COLUMN first_seen;
ALTER TABLE visitors_by_identity DROP COLUMN last_seen;
ALTER TABLE visitors_by_identity DROP COLUMN inboxes;
ALTER TABLE visitors_by_attribute DROP COLUMN text;

DROP TABLE visitors_moving;
