package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// dump is all that can be read of a workspace.
type dump struct {
	Visitors []visitor.Visitor
	Tags     []tag.Tag
	Groups   []group.Group
	Events   []store.Event
	Count    int64
}

func (r *room) dump(ws store.WorkspaceID) dump {
	r.Helper()
	count, err := r.st.CountVisitors(r.Context(), ws, r.bindIn(filter.All(), nil), 0)
	if err != nil {
		r.Fatalf("count visitors: %v", err)
	}
	return dump{r.visitors(ws), r.tags(ws), r.groups(ws), r.events(ws, 0), count}
}

// all reads page after page until one is not full.
func all[T any](r *room, what string, size int, page func(last *T) ([]T, error)) []T {
	r.Helper()
	var all []T
	var last *T
	for {
		items, err := page(last)
		if err != nil {
			r.Fatalf("%s: %v", what, err)
		}
		if len(items) > size {
			r.Fatalf("%s: %d in a page of %d", what, len(items), size)
		}
		all = append(all, items...)
		if len(items) < size {
			return all
		}
		last = &items[size-1]
	}
}

func (r *room) visitors(ws store.WorkspaceID) []visitor.Visitor {
	r.Helper()
	return r.pages(ws, r.bindIn(filter.All(), nil), store.OldestFirst, 500)
}

// pages reads all visitors that match, in pages of that size.
func (r *room) pages(ws store.WorkspaceID, where filter.Bound, o store.Order, size int) []visitor.Visitor {
	r.Helper()
	read := 0
	return all(r, "find visitors", size, func(last *visitor.Visitor) ([]visitor.Visitor, error) {
		s := store.Select{Where: where, Order: o, Limit: size}
		if last != nil {
			s.After = ptr(store.PositionOf(o, *last))
		}
		if read += size; read > 100_000 {
			r.Fatalf("pages of %d visitors in order %s do not end", size, o)
		}
		return r.st.FindVisitors(r.Context(), ws, s)
	})
}

func (r *room) tags(ws store.WorkspaceID) []tag.Tag {
	r.Helper()
	return all(r, "list tags", 500, func(last *tag.Tag) ([]tag.Tag, error) {
		l := store.List{Limit: 500}
		if last != nil {
			l.After = tag.Key(last.Name)
		}
		return r.st.ListTags(r.Context(), ws, l)
	})
}

func (r *room) groups(ws store.WorkspaceID) []group.Group {
	r.Helper()
	return all(r, "list groups", 500, func(last *group.Group) ([]group.Group, error) {
		l := store.List{Limit: 500}
		if last != nil {
			l.After = group.Key(last.Name)
		}
		return r.st.ListGroups(r.Context(), ws, l)
	})
}

func (r *room) events(ws store.WorkspaceID, after store.Seq) []store.Event {
	r.Helper()
	return all(r, "events", 1_000, func(last *store.Event) ([]store.Event, error) {
		if last != nil {
			after = last.Seq
		}
		return r.st.Events(r.Context(), ws, after, 1_000)
	})
}
