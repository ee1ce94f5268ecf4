package driver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// AudienceOf returns the audience that a record of the kind AudienceRecords holds.
func AudienceOf(r Record) (a Audience, err error) {
	return a, decode("audience", r.Key, r.Value, &a)
}

// MembersOf returns the visitors that a record of the kind AudienceMembers holds.
func MembersOf(r Record) ([]visitor.ID, error) {
	const size = len(uuid.UUID{})
	if len(r.Value)%size != 0 {
		return nil, &Error{Kind: "audience", Key: r.Key, Err: fmt.Errorf("a record of %d bytes", len(r.Value))}
	}
	ids := make([]visitor.ID, 0, len(r.Value)/size)
	for id := range slices.Chunk(r.Value, size) {
		ids = append(ids, visitor.ID(uuid.UUID(id).String()))
	}
	return ids, nil
}

// memberKey is the key of a part of an audience, numbered from 1.
func memberKey(audience string, part int) string { return fmt.Sprintf("%s/%06d", audience, part) }

func (c PutAudience) apply(b *batch) (Outcome, error) {
	found, err := b.tx.Records(RecordQuery{Kind: AudienceRecords, Keys: []string{c.Audience.ID}})
	if err != nil {
		return Outcome{}, err
	}
	effect := Created
	for _, r := range found {
		before, err := AudienceOf(r)
		switch {
		case err != nil:
			return Outcome{}, err
		case before.Complete:
			return Outcome{}, AlreadyExists("audience", c.Audience.ID)
		}
		effect = Updated
	}
	var members []byte
	for _, id := range c.Visitors {
		parsed, err := uuid.Parse(string(id))
		if err != nil {
			return Outcome{}, text.Refuse("visitor id", "not a UUID")
		}
		members = append(members, parsed[:]...)
	}
	value, err := json.Marshal(c.Audience)
	if err != nil {
		return Outcome{}, err
	}
	records := []Record{{AudienceRecords, c.Audience.ID, value}}
	if len(members) > 0 {
		records = append(records, Record{AudienceMembers, memberKey(c.Audience.ID, c.Part), members})
	}
	if c.Audience.Complete {
		b.event(c.Audit, Event{Kind: AudienceCreated, Fields: []string{c.Audience.ID}})
	}
	return Outcome{Effect: effect}, b.tx.PutRecords(records)
}

func (c DeleteAudience) apply(b *batch) (Outcome, error) {
	found, err := b.tx.Records(RecordQuery{Kind: AudienceRecords, Keys: []string{c.ID}})
	if err != nil || len(found) == 0 {
		return Outcome{Effect: Missing}, err
	}
	for {
		parts, err := b.tx.Records(RecordQuery{Kind: AudienceMembers, Prefix: c.ID + "/", Limit: maxBatch})
		if err != nil {
			return Outcome{}, err
		}
		if len(parts) == 0 {
			break
		}
		keys := make([]string, len(parts))
		for n, r := range parts {
			keys[n] = r.Key
		}
		if err := b.tx.DeleteRecords(AudienceMembers, keys); err != nil {
			return Outcome{}, err
		}
	}
	b.event(c.Audit, Event{Kind: AudienceDeleted, Fields: []string{c.ID}})
	return Outcome{Effect: Deleted}, b.tx.DeleteRecords(AudienceRecords, []string{c.ID})
}

// Equal reports whether all fields of a and b are equal.
func (a Audience) Equal(b Audience) bool {
	return a.ID == b.ID && a.Name == b.Name && a.At.Equal(b.At) && a.Actor == b.Actor && a.Cause == b.Cause && a.Filter == b.Filter &&
		a.Request == b.Request && a.Matching == b.Matching && a.Count == b.Count && maps.Equal(a.Reasons, b.Reasons) &&
		bytes.Equal(a.Hash, b.Hash) && a.Complete == b.Complete
}
