package storetest

import (
	"encoding/json"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// dump is everything that can be read of a workspace, but for what depends on its suppression keys.
type dump struct {
	Visitors  []visitor.Visitor
	Tags      []tag.Tag
	Groups    []group.Group
	Events    []driver.Event
	Topics    []consent.Topic
	Addresses []string // JSON, sorted
	Erasures  []driver.Erasure
	Audiences []driver.Record
	Jobs      []driver.Record
	Count     int64
}

func (f *fixture) dump(ws driver.WorkspaceID) dump {
	f.Helper()
	count, err := f.st.CountVisitors(f.Context(), ws, f.bindIn(filter.All(), nil), 0)
	if err != nil {
		f.Fatalf("count visitors: %v", err)
	}
	return dump{
		f.visitors(ws), f.tags(ws), f.groups(ws), f.events(ws, 0), f.topics(ws), f.addresses(ws), f.erasures(ws),
		slices.Concat(f.recordsOf(ws, driver.AudienceRecords), f.recordsOf(ws, driver.AudienceMembers)),
		slices.Concat(f.recordsOf(ws, driver.JobRecords), f.recordsOf(ws, driver.JobVisitors), f.recordsOf(ws, driver.JobChanges), f.recordsOf(ws, driver.JobItems)),
		count,
	}
}

func (f *fixture) recordsOf(ws driver.WorkspaceID, kind driver.RecordKind) []driver.Record {
	f.Helper()
	return f.records(ws, driver.RecordQuery{Kind: kind, Limit: 500})
}

// addresses returns what is recorded about addresses.
func (f *fixture) addresses(ws driver.WorkspaceID) (all []string) {
	f.Helper()
	for _, r := range f.recordsOf(ws, driver.AddressRecords) {
		var known driver.AddressRecord
		if err := json.Unmarshal(r.Value, &known); err != nil {
			f.Fatalf("addresses: %v", err)
		}
		known.Key = ""
		text, err := json.Marshal(known)
		if err != nil {
			f.Fatalf("addresses: %v", err)
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

func (f *fixture) erasures(ws driver.WorkspaceID) (all []driver.Erasure) {
	f.Helper()
	for _, r := range f.recordsOf(ws, driver.ErasureRecords) {
		e, err := driver.ErasureOf(r)
		if err != nil {
			f.Fatalf("erasures: %v", err)
		}
		all = append(all, withoutKey(e))
	}
	return all
}

// withoutKey returns an erasure without what depends on the key of the workspace.
func withoutKey(e driver.Erasure) driver.Erasure {
	e.Key, e.MAC, e.Hashes = "", nil, slices.Clone(e.Hashes)
	for n := range e.Hashes {
		e.Hashes[n].Hash = consent.Hash{}
	}
	return e
}

// portable returns an outcome without what depends on the key of the workspace.
func portable(o driver.Outcome) driver.Outcome {
	if o.Erasure != nil {
		o.Erasure = ptr(withoutKey(*o.Erasure))
	}
	return o
}

func portables(outcomes []driver.Outcome) []driver.Outcome {
	all := make([]driver.Outcome, len(outcomes))
	for n, o := range outcomes {
		all[n] = portable(o)
	}
	return all
}

// all reads page after page until one is not full. page gets the last item of the previous page.
func all[T any](f *fixture, what string, size int, page func(last *T) ([]T, error)) []T {
	f.Helper()
	var all []T
	var last *T
	for {
		items, err := page(last)
		if err != nil {
			f.Fatalf("%s: %v", what, err)
		}
		if len(items) > size {
			f.Fatalf("%s: %d in a page of %d", what, len(items), size)
		}
		all = append(all, items...)
		if len(items) < size {
			return all
		}
		last = &items[size-1]
	}
}

func (f *fixture) visitors(ws driver.WorkspaceID) []visitor.Visitor {
	f.Helper()
	return f.pages(ws, f.bindIn(filter.All(), nil), driver.OldestFirst, 500)
}

// pages reads all visitors that match, in pages of that size.
func (f *fixture) pages(ws driver.WorkspaceID, where filter.Bound, o driver.Order, size int) []visitor.Visitor {
	f.Helper()
	read := 0
	return all(f, "find visitors", size, func(last *visitor.Visitor) ([]visitor.Visitor, error) {
		s := driver.Select{Where: where, Order: o, Limit: size}
		if last != nil {
			s.After = ptr(driver.PositionOf(o, *last))
		}
		if read += size; read > 100_000 {
			f.Fatalf("pages of %d visitors in order %s never end", size, o)
		}
		return f.st.FindVisitors(f.Context(), ws, s)
	})
}

func (f *fixture) tags(ws driver.WorkspaceID) []tag.Tag {
	f.Helper()
	return all(f, "list tags", 500, func(last *tag.Tag) ([]tag.Tag, error) {
		l := driver.List{Limit: 500}
		if last != nil {
			l.After = tag.Key(last.Name)
		}
		return f.st.ListTags(f.Context(), ws, l)
	})
}

func (f *fixture) groups(ws driver.WorkspaceID) []group.Group {
	f.Helper()
	return all(f, "list groups", 500, func(last *group.Group) ([]group.Group, error) {
		l := driver.List{Limit: 500}
		if last != nil {
			l.After = group.Key(last.Name)
		}
		return f.st.ListGroups(f.Context(), ws, l)
	})
}

func (f *fixture) events(ws driver.WorkspaceID, after driver.Seq) []driver.Event {
	f.Helper()
	return all(f, "events", 1_000, func(last *driver.Event) ([]driver.Event, error) {
		if last != nil {
			after = last.Seq
		}
		return f.st.Events(f.Context(), ws, driver.EventQuery{After: after, Limit: 1_000})
	})
}
