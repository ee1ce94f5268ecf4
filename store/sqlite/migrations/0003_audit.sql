-- Who made a change, and why.

ALTER TABLE visitors_event ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE visitors_event ADD COLUMN cause TEXT NOT NULL DEFAULT '';
CREATE INDEX visitors_event_visitor ON visitors_event (ws, visitor_id, seq);
CREATE INDEX visitors_event_other ON visitors_event (ws, other_id, seq) WHERE other_id <> x'00000000000000000000000000000000';

ALTER TABLE visitors_visitor_group ADD COLUMN at INTEGER NOT NULL DEFAULT 0; -- when the visitor was added
ALTER TABLE visitors_visitor_group ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE visitors_visitor_group ADD COLUMN cause TEXT NOT NULL DEFAULT '';

-- The field has another name in JSON now. Quotes in values are escaped, so only keys match.
UPDATE visitors_visitor SET origins = replace(origins, '"claimed":', '"unverified":') WHERE origins LIKE '%"claimed":%';
