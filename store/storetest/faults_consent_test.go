package storetest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// onRecords changes what is read of the records.
func (f *faultyStore) onRecords(edit func(driver.RecordQuery, []driver.Record) []driver.Record) {
	records := f.records
	f.records = func(ctx context.Context, w ws, q driver.RecordQuery) ([]driver.Record, error) {
		found, err := records(ctx, w, q)
		return edit(q, found), err
	}
}

// onAddresses changes what is kept about addresses, as it is read.
func (f *faultyStore) onAddresses(edit func(*driver.AddressRecord)) {
	f.onRecords(func(q driver.RecordQuery, found []driver.Record) []driver.Record {
		for i := range found {
			var r driver.AddressRecord
			if found[i].Kind == driver.AddressRecords && json.Unmarshal(found[i].Value, &r) == nil {
				edit(&r)
				found[i].Value, _ = json.Marshal(r)
			}
		}
		return found
	})
}

// consentFaults are in what was said about addresses.
var consentFaults = []fault{
	{"loses topics that are replaced", "Consent/a topic reads as it was put, until it is deleted", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.PutTopic); ok {
				c.Topic.Description = ""
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"returns a record twice at the border of a page", "Consent/a record reads as it was put, in pages ordered by key, in its workspace only", func(f *faultyStore) {
		records := f.records
		f.records = func(ctx context.Context, w ws, q driver.RecordQuery) ([]driver.Record, error) {
			if n := len(q.After); n > 0 {
				q.After = q.After[:n-1]
			}
			return records(ctx, w, q)
		}
	}},
	{"ignores the prefix of keys", "Consent/a record reads as it was put, in pages ordered by key, in its workspace only", func(f *faultyStore) {
		records := f.records
		f.records = func(ctx context.Context, w ws, q driver.RecordQuery) ([]driver.Record, error) {
			q.Prefix = ""
			return records(ctx, w, q)
		}
	}},
	{"reads records of another workspace", "Consent/a record reads as it was put, in pages ordered by key, in its workspace only", func(f *faultyStore) {
		records := f.records
		f.records = func(ctx context.Context, w ws, q driver.RecordQuery) ([]driver.Record, error) {
			found, err := records(ctx, w, q)
			if len(found) == 0 {
				return nil, err
			}
			return records(ctx, "other", q)
		}
	}},
	{"shows no consents in pages", "Consent/an entry is seen on the visitor with the address, without a new revision", func(f *faultyStore) {
		find := f.find
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := find(ctx, w, s)
			for i := range found {
				found[i].Consents = nil
			}
			return found, err
		}
	}},
	{"shows only the first consent", "Consent/an entry is seen on the visitor with the address, without a new revision", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) { v.Consents = v.Consents[:min(1, len(v.Consents))] })
	}},
	{"lets imports lift denials", "Consent/the business cannot lift a denial of the person", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.RecordConsent); ok {
				c.Entry.Origin = consent.Person
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"records the entry of an event each time", "Consent/an entry of an event that was recorded before lifts no later denial", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.RecordConsent); ok {
				c.Event = driver.DedupKey{}
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"shows consents only on visitors with the same spelling", "Consent/every visitor with the address, in any spelling, has the consent", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			v.Consents = slices.DeleteFunc(v.Consents, func(s consent.Status) bool {
				return s.Entry.Subject.Channel == consent.Email && s.Entry.Subject.Address != v.Email
			})
			if len(v.Consents) == 0 {
				v.Consents = nil
			}
		})
	}},
	{"keeps evidence of deleted visitors", "Consent/a deletion keeps denials and drops grants", func(f *faultyStore) {
		f.onAddresses(func(r *driver.AddressRecord) {
			for i := range r.Entries {
				r.Entries[i].Evidence.Ref = "form 7"
			}
		})
	}},
	{"forgets denials of deleted visitors", "Consent/a deletion keeps denials and drops grants", func(f *faultyStore) {
		deleted := false
		f.onRead(func(v *visitor.Visitor) {
			if deleted {
				v.Consents = nil
			}
		})
		apply := f.apply
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			for _, c := range changes {
				_, is := c.(driver.DeleteVisitor)
				deleted = deleted || is
			}
			return apply(ctx, w, changes)
		}
	}},
	{"shows consents on the first visitor with an address", "Consent/a deletion keeps the consents of an address that another visitor has", func(f *faultyStore) {
		first := map[string]visitor.ID{}
		f.onRead(func(v *visitor.Visitor) {
			email := strings.ToLower(v.Email)
			if _, known := first[email]; !known {
				first[email] = v.ID
			}
			if first[email] != v.ID {
				v.Consents = nil
			}
		})
	}},
	{"loses a record", "Consent/a record reads as it was put, in pages ordered by key, in its workspace only", func(f *faultyStore) {
		f.onRecords(func(_ driver.RecordQuery, found []driver.Record) []driver.Record {
			return slices.DeleteFunc(found, func(r driver.Record) bool { return r.Key == "topic-11_x" })
		})
	}},
	{"returns records in no order", "Consent/a record reads as it was put, in pages ordered by key, in its workspace only", func(f *faultyStore) {
		f.onRecords(func(_ driver.RecordQuery, found []driver.Record) []driver.Record {
			slices.Reverse(found)
			return found
		})
	}},
	{"keeps evidence of erased visitors", "Erasure/an erased visitor is gone, with merges and all but a hash and a denial of each address", func(f *faultyStore) {
		f.onAddresses(func(r *driver.AddressRecord) {
			for i := range r.Entries {
				if !r.Erased.IsZero() {
					r.Entries[i].Evidence.IP = "203.0.113.7"
				}
			}
		})
	}},
	{"lets erased addresses return", "Erasure/an erased address is refused in every spelling, until the person agrees again", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.LinkIdentity); ok {
				return []driver.Change{driver.UpdateVisitor{Audit: c.Audit, ID: c.ID}}
			}
			return []driver.Change{c}
		})
	}},
	{"accepts receipts that were changed", "Erasure/a receipt that was changed is refused", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.ReapplyErasure); ok {
				return []driver.Change{driver.DeleteVisitor{Audit: c.Audit, ID: c.Erasure.Visitor}}
			}
			return []driver.Change{c}
		})
	}},
	{"has one key for all workspaces", "Workspace/an audience of another workspace is not found, nor are its consents, tokens and erasures", func(f *faultyStore) {
		keys := f.keys
		f.keys = func(ctx context.Context, _ ws) (consent.Keys, error) { return keys(ctx, "one") }
	}},
	{"remembers consents as they were first", "Workspace/a denial counts while recipients are streamed", func(f *faultyStore) {
		first := map[visitor.ID][]consent.Status{}
		f.onRead(func(v *visitor.Visitor) {
			if _, known := first[v.ID]; !known {
				first[v.ID] = v.Consents
			}
			v.Consents = first[v.ID]
		})
	}},
	{"loses the last visitor of an audience", "Workspace/an audience stays as it was when it was created", func(f *faultyStore) {
		f.onRecords(func(_ driver.RecordQuery, found []driver.Record) []driver.Record {
			for i := range found {
				if found[i].Kind == driver.AudienceMembers {
					found[i].Value = found[i].Value[:len(found[i].Value)-16]
				}
			}
			return found
		})
	}},
	{"completes audiences at once", "Workspace/an audience that was changed is not verified", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.PutAudience); ok {
				c.Audience.Complete = true
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"shows no health", "Consent/health is seen on the visitor", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) { v.Health = nil })
	}},
	{"names no visitor in events of consents", "Consent/an event of a consent names each visitor and no address", func(f *faultyStore) {
		f.onEvents(func(e *driver.Event) {
			if e.Kind == driver.ConsentRecorded {
				e.Visitor = ""
			}
		})
	}},
	{"does not let consents expire", "Consent/filters on consents find what filter.Match matches, also when one has expired", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			for i := range v.Consents {
				v.Consents[i].Entry.Expires = v.Consents[i].Entry.Expires.AddDate(100, 0, 0)
			}
		})
	}},
	{"deletes instead of erasing", "Erasure/an erased address is refused in every spelling, until the person agrees again", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			switch c := c.(type) {
			case driver.CreateVisitor:
				c.Visitor.Email = ""
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"keeps the address of an erased person", "Erasure/an erased visitor is gone, with merges and all but a hash and a denial of each address", func(f *faultyStore) {
		f.onAddresses(func(r *driver.AddressRecord) {
			for i := range r.Entries {
				r.Entries[i].Subject.Address = "ada.lovelace@example.com"
			}
		})
	}},
	{"loses a part of an audience", "Audience/an audience reads as it was put, in parts, until it is deleted", func(f *faultyStore) {
		f.onRecords(func(q driver.RecordQuery, found []driver.Record) []driver.Record {
			if q.Kind == driver.AudienceMembers && q.After == "" {
				return nil
			}
			return found
		})
	}},
}
