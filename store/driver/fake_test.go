package driver_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var (
	ctx       = context.Background()
	epoch     = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	audit     = driver.Audit{At: epoch.Add(time.Hour), Actor: "ada"}
	errBroken = errors.New("broken")
)

// fakeTx is a driver.Tx that keeps its rows in maps and records the calls. A test can let one
// call fail. It cannot be rolled back.
type fakeTx struct {
	visitors  map[visitor.ID]visitor.Visitor
	tags      map[tag.ID]tag.Tag
	groups    map[group.ID]group.Group
	merges    map[visitor.ID]visitor.Merged
	processed map[driver.DedupKey]bool
	events    []driver.Event
	records   map[driver.RecordKind]map[string][]byte

	keys consent.Keys

	calls []string
	fails int // which call fails, counted from 1; 0: none
}

var _ driver.Tx = (*fakeTx)(nil)

func newFakeTx() *fakeTx {
	return &fakeTx{
		visitors: map[visitor.ID]visitor.Visitor{}, tags: map[tag.ID]tag.Tag{}, groups: map[group.ID]group.Group{},
		merges: map[visitor.ID]visitor.Merged{}, processed: map[driver.DedupKey]bool{}, records: map[driver.RecordKind]map[string][]byte{},
		keys: consent.Keys{Live: [][]byte{[]byte("0123456789abcdef0123456789abcdef")}},
	}
}

func (f *fakeTx) call(method string) error {
	if f.calls = append(f.calls, method); len(f.calls) == f.fails {
		return errBroken
	}
	return nil
}

// count returns how often a method was called.
func (f *fakeTx) count(method string) (n int) {
	for _, c := range f.calls {
		if c == method {
			n++
		}
	}
	return n
}

func (f *fakeTx) Visitors(ids []visitor.ID, _ driver.Parts) (found []visitor.Visitor, err error) {
	for _, id := range ids {
		if v, ok := f.visitors[id]; ok {
			found = append(found, v.Clone())
		}
	}
	return found, f.call("Visitors")
}

func (f *fakeTx) WriteVisitors(edits []driver.VisitorEdit, _ driver.Parts) error {
	for _, e := range edits {
		if e.After == nil {
			delete(f.visitors, e.Before.ID)
		} else {
			f.visitors[e.After.ID] = e.After.Clone()
		}
	}
	return f.call("WriteVisitors")
}

func (f *fakeTx) Owners(identities []visitor.Identity) ([]visitor.ID, error) {
	owners := make([]visitor.ID, len(identities))
	for id, v := range f.visitors {
		for _, i := range v.Identities {
			if n := slices.IndexFunc(identities, i.Is); n >= 0 {
				owners[n] = id
			}
		}
	}
	return owners, f.call("Owners")
}

func (f *fakeTx) ByAddress(email, phone string, limit int) (ids []visitor.ID, err error) {
	for id, v := range f.visitors {
		if email != "" && v.Email == email || phone != "" && v.Phone == phone {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], f.call("ByAddress")
}

func (f *fakeTx) Tags(l driver.List) (tags []tag.Tag, err error) {
	for id, t := range f.tags {
		if slices.Contains(l.Keys, tag.Key(t.Name)) || slices.Contains(l.IDs, string(id)) {
			tags = append(tags, t)
		}
	}
	return tags, f.call("Tags")
}

func (f *fakeTx) Groups(l driver.List) (groups []group.Group, err error) {
	for id, g := range f.groups {
		if len(l.Keys)+len(l.IDs) == 0 || slices.Contains(l.Keys, group.Key(g.Name)) || slices.Contains(l.IDs, string(id)) {
			groups = append(groups, g)
		}
	}
	return groups, f.call("Groups")
}

func (f *fakeTx) PutTag(_ *tag.Tag, after tag.Tag) error {
	f.tags[after.ID] = after
	return f.call("PutTag")
}

func (f *fakeTx) PutGroup(_ *group.Group, after group.Group) error {
	f.groups[after.ID] = after
	return f.call("PutGroup")
}

func (f *fakeTx) Tagged(tag.ID, visitor.ID, int) ([]visitor.ID, error) { return nil, f.call("Tagged") }

func (f *fakeTx) InGroup(group.ID, visitor.ID, int) ([]visitor.ID, error) {
	return nil, f.call("InGroup")
}

func (f *fakeTx) DeleteTag(id tag.ID) error {
	delete(f.tags, id)
	return f.call("DeleteTag")
}

func (f *fakeTx) DeleteGroup(id group.ID) error {
	delete(f.groups, id)
	return f.call("DeleteGroup")
}

func (f *fakeTx) Processed([]driver.DedupKey) (map[driver.DedupKey]bool, error) {
	return f.processed, f.call("Processed")
}

func (f *fakeTx) PutProcessed(keys []driver.DedupKey, _ time.Time) error {
	for _, key := range keys {
		f.processed[key] = true
	}
	return f.call("PutProcessed")
}

func (f *fakeTx) Aliases(ids []visitor.ID) (map[visitor.ID]visitor.ID, error) {
	into := map[visitor.ID]visitor.ID{}
	for _, id := range ids {
		if m, ok := f.merges[id]; ok {
			into[id] = m.Into.ID
		}
	}
	return into, f.call("Aliases")
}

func (f *fakeTx) MergedInto(ids []visitor.ID) (from []visitor.ID, err error) {
	for id, m := range f.merges {
		if slices.Contains(ids, m.Into.ID) {
			from = append(from, id)
		}
	}
	return from, f.call("MergedInto")
}

func (f *fakeTx) Merge(from visitor.ID) (visitor.Merged, bool, error) {
	m, found := f.merges[from]
	return m, found, f.call("Merge")
}

func (f *fakeTx) PutMerge(m visitor.Merged) error {
	f.merges[m.From.ID] = m
	return f.call("PutMerge")
}

func (f *fakeTx) DeleteMerges(from []visitor.ID) error {
	for _, id := range from {
		delete(f.merges, id)
	}
	return f.call("DeleteMerges")
}

func (f *fakeTx) AppendEvents(events []driver.Event) error {
	f.events = append(f.events, events...)
	return f.call("AppendEvents")
}

// apply makes changes and fails the test if there is an error.
func (f *fakeTx) apply(t testing.TB, changes ...driver.Change) []driver.Outcome {
	t.Helper()
	outcomes, err := driver.Apply(ctx, f, changes)
	require.NoError(t, err)
	require.Len(t, outcomes, len(changes))
	return outcomes
}

// person returns a visitor that was created n seconds after epoch and has one identity.
func person(n int) visitor.Visitor {
	at := epoch.Add(time.Duration(n) * time.Second)
	id := visitor.NewID(at)
	return visitor.Visitor{
		ID: id, Name: "Ada", Source: visitor.Telegram, CreatedAt: at, UpdatedAt: at,
		Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: string(id)}},
	}
}

func newTag(name string) tag.Tag { return tag.Tag{ID: tag.NewID(epoch), Name: name, Color: "#000000"} }

func (f *fakeTx) Records(q driver.RecordQuery) (found []driver.Record, err error) {
	for _, k := range slices.Sorted(maps.Keys(f.records[q.Kind])) {
		if len(q.Keys) > 0 && !slices.Contains(q.Keys, k) || !strings.HasPrefix(k, q.Prefix) || k <= q.After {
			continue
		}
		if len(q.Keys) > 0 || len(found) < q.Limit {
			found = append(found, driver.Record{Kind: q.Kind, Key: k, Value: f.records[q.Kind][k]})
		}
	}
	return found, f.call("Records")
}

func (f *fakeTx) PutRecords(records []driver.Record) error {
	for _, r := range records {
		if f.records[r.Kind] == nil {
			f.records[r.Kind] = map[string][]byte{}
		}
		f.records[r.Kind][r.Key] = r.Value
	}
	return f.call("PutRecords")
}

func (f *fakeTx) DeleteRecords(kind driver.RecordKind, keys []string) error {
	for _, k := range keys {
		delete(f.records[kind], k)
	}
	return f.call("DeleteRecords")
}

func (f *fakeTx) Keys() (consent.Keys, error) {
	return f.keys, f.call("Keys")
}

func (f *fakeTx) WithAddresses(subjects []consent.Subject) (ids []visitor.ID, err error) {
	for id, v := range f.visitors {
		for _, r := range v.Routes() {
			if slices.ContainsFunc(subjects, func(s consent.Subject) bool { return s.Channel == r.Subject.Channel && s.Address == r.Subject.Address }) {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids, f.call("WithAddresses")
}

func (f *fakeTx) ForgetCopies() error { return f.call("ForgetCopies") }
