-- Who made a change, and why.

ALTER TABLE visitors_event ADD COLUMN actor text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE visitors_event ADD COLUMN cause text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX visitors_event_visitor ON visitors_event (ws, visitor_id, seq);
CREATE INDEX visitors_event_other ON visitors_event (ws, other_id, seq) WHERE other_id <> '00000000-0000-0000-0000-000000000000';

ALTER TABLE visitors_visitor_group ADD COLUMN at bigint NOT NULL DEFAULT 0; -- when the visitor was added
ALTER TABLE visitors_visitor_group ADD COLUMN actor text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE visitors_visitor_group ADD COLUMN cause text COLLATE "C" NOT NULL DEFAULT '';

-- The field has another name in JSON now. Quotes in values are escaped, so only keys match.
UPDATE visitors_visitor SET origins = replace(origins, '"claimed":', '"unverified":') WHERE origins LIKE '%"claimed":%';
