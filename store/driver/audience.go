package driver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/contactpipeline/visitors/visitor"
)

// AudienceOf returns the audience that a record of the kind AudienceRecords holds.
func AudienceOf(r Record) (a Audience, err error) {
	return a, decode("audience", r.Key, r.Value, &a)
}

// MembersOf returns the visitors that a record of the kind AudienceMembers holds.
func MembersOf(r Record) ([]visitor.ID, error) { return unpackIDs("audience", r) }

// partKey is the key of a part of an audience or a job, numbered from 1.
func partKey[ID ~string](id ID, part int) string { return fmt.Sprintf("%s/%06d", id, part) }

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
	members, err := packIDs(c.Visitors)
	if err != nil {
		return Outcome{}, err
	}
	value, err := json.Marshal(c.Audience)
	if err != nil {
		return Outcome{}, err
	}
	records := []Record{{AudienceRecords, c.Audience.ID, value}}
	if len(members) > 0 {
		records = append(records, Record{AudienceMembers, partKey(c.Audience.ID, c.Part), members})
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
