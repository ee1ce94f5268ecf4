package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// workspaceFindPromises are about reading through a store.Workspace.
var workspaceFindPromises = []promise{
	{"pages follow each other by cursor and have every visitor once", "Endless lists in browsers consist of pages.", checkWorkspacePages},
	{"a cursor belongs to one query and one workspace", "A cursor of another query would silently skip visitors; one of another workspace would reveal where its visitors are.", checkWorkspaceCursor},
	{"an empty or unknown filter is an error, never everyone", "A filter that was lost must not select everyone for deletion.", checkWorkspaceEmptyFilter},
	{"facets list every source, tag and group", "A front end draws its buttons from them, also those with a zero.", checkWorkspaceFacets},
	{"iterators return everything, page after page, and stop early", "An export must be complete and hold nothing open.", checkWorkspaceIterators},
}

func checkWorkspacePages(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	people := f.manyVisitors(50, f.rand())
	f.load(people)
	for _, o := range driver.Orders() {
		for _, size := range []int{1, 7, 25, 50, 51} {
			var got []visitor.Visitor
			q := store.Query{Where: filter.Not(filter.Name.Is("zed")), Order: o, Limit: size}
			for range 60 {
				page, err := ws.Find(ctx, q)
				f.ok(err)
				got = append(got, page.Visitors...)
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			f.same(fmt.Sprintf("order %s, pages of %d", o, size), ids(got), ids(matching(f.bind(q.Where), o, people)))
		}
	}
}

func checkWorkspaceCursor(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	f.load(f.manyVisitors(30, f.rand()))
	q := store.Query{Where: filter.All(), Order: driver.NameAZ, Limit: 5}
	page, err := ws.Find(ctx, q)
	f.ok(err)
	next := q
	next.After = page.Next
	_, err = ws.Find(ctx, next)
	f.ok(err)
	bad := map[string]store.Query{
		"another filter": {Where: filter.Source.Is(visitor.Chat), Order: driver.NameAZ, Limit: 5, After: page.Next},
		"another order":  {Where: filter.All(), Order: driver.NameZA, Limit: 5, After: page.Next},
		"nonsense":       {Where: filter.All(), Order: driver.NameAZ, Limit: 5, After: "nonsense"},
		"half a cursor":  {Where: filter.All(), Order: driver.NameAZ, Limit: 5, After: page.Next[:len(page.Next)/2]},
		"a long one":     {Where: filter.All(), Order: driver.NameAZ, Limit: 5, After: strings.Repeat("A", 100_000)},
	}
	for i := range len(page.Next) {
		b := []byte(page.Next)
		if b[i] = 'A'; page.Next[i] == 'A' {
			b[i] = 'B'
		}
		bad[fmt.Sprintf("byte %d changed", i)] = store.Query{Where: filter.All(), Order: driver.NameAZ, Limit: 5, After: string(b)}
	}
	for what, q := range bad {
		if page, err := ws.Find(ctx, q); !errors.Is(err, driver.ErrInvalid) || page.Visitors != nil {
			f.Errorf("%s: %d visitors, error %v", what, len(page.Visitors), err)
		}
	}
	if _, err = f.openOn(f.neighbour, nil).Find(ctx, next); !errors.Is(err, driver.ErrInvalid) {
		f.Errorf("in another workspace: error %v", err)
	}
}

func checkWorkspaceEmptyFilter(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	f.createBoth(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"customer"}})
	for what, e := range map[string]filter.Expr{
		"none":              nil,
		"an empty and":      filter.And(),
		"an empty or":       filter.Or(),
		"an empty list":     filter.Tag.HasAny(),
		"an empty text":     filter.Name.Is(""),
		"an empty search":   filter.Search("  "),
		"an unknown tag":    filter.Tag.Has("custmer"),
		"an unknown group":  filter.Group.Has("team"),
		"an unknown source": filter.Source.Is("carrier-pigeon"),
		"an unknown field":  filter.Condition{Field: "shoe size", Op: filter.OpExists},
		"one within":        filter.Not(filter.And(filter.All(), filter.Or())),
	} {
		page, found := ws.Find(ctx, store.Query{Where: e})
		n, counted := ws.Count(ctx, e)
		_, faceted := ws.Facets(ctx, e)
		for _, err := range []error{found, counted, faceted} {
			if !errors.Is(err, driver.ErrInvalid) {
				f.Errorf("%s: error %v", what, err)
			}
		}
		if page.Visitors != nil || n != 0 {
			f.Errorf("%s: found %d, counted %d", what, len(page.Visitors), n)
		}
	}
	var unknown *filter.UnknownError
	if _, err := ws.Count(ctx, filter.Tag.Has("custmer")); !errors.As(err, &unknown) || unknown.Suggestion != "customer" {
		f.Errorf("error %v, want one that suggests customer", err)
	}
	lenient := f.open(&store.Options{Unknown: filter.UnknownIsNobody})
	for e, want := range map[filter.Expr]int64{filter.All(): 1, filter.None(): 0} {
		n, err := lenient.Count(ctx, filter.And(filter.Not(filter.Tag.Has("custmer")), e))
		f.same("count of those without an unknown tag, where it matches nobody", []any{n, err}, []any{want, error(nil)})
	}
}

func checkWorkspaceFacets(f *fixture) {
	ws := f.open(nil)
	f.createBoth(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}})
	f.createBoth(visitor.Draft{Name: "Bob", Source: visitor.Telegram})
	facets, err := ws.Facets(f.Context(), filter.Not(filter.Tag.Has("vip")))
	f.ok(err)
	var want []store.SourceCount
	for _, s := range visitor.Sources() {
		n := int64(0)
		if s == visitor.Telegram {
			n = 1
		}
		want = append(want, store.SourceCount{Source: s, Count: n})
	}
	f.same("sources", facets.Sources, want)
	f.same("total", facets.Total, int64(1))
	f.same("tags", []any{len(facets.Tags), facets.Tags[0].Count}, []any{1, int64(0)})
}

func checkWorkspaceIterators(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	people := f.manyVisitors(30, f.rand())
	f.load(people)
	for i := range 12 {
		_, err := ws.CreateTag(ctx, tag.Draft{Name: fmt.Sprintf("tag %02d", i)})
		f.ok(err)
		_, err = ws.CreateGroup(ctx, group.Draft{Name: fmt.Sprintf("group %02d", i)})
		f.ok(err)
	}
	arrange(driver.NameAZ, people)
	var got []visitor.Visitor
	for v, err := range ws.All(ctx, store.Query{Where: filter.All(), Order: driver.NameAZ, Limit: 7}) {
		f.ok(err)
		got = append(got, v)
	}
	f.same("all", ids(got), ids(people))
	got = nil
	for v, err := range ws.All(ctx, store.Query{Where: filter.All(), Order: driver.NameAZ, Limit: 7}) {
		f.ok(err)
		if got = append(got, v); len(got) == 10 {
			break
		}
	}
	f.same("the first ten", ids(got), ids(people[:10]))
	tags := slices.Collect(seconds(f, ws.Tags(ctx)))
	f.same("tags", tags, f.tags(f.ws))
	groups := slices.Collect(seconds(f, ws.Groups(ctx)))
	f.same("groups", groups, f.groups(f.ws))
	var events []driver.Event
	for e := range seconds(f, ws.Events(ctx, 5)) {
		events = append(events, driver.Event(e))
	}
	f.same("events", events, f.events(f.ws, 5))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	turns := 0
	for _, err := range ws.All(ended, store.Query{Where: filter.All()}) {
		if turns++; !errors.Is(err, context.Canceled) {
			f.Errorf("error %v", err)
		}
	}
	f.same("iterations after an error", turns, 1)
}

// seconds returns the values of a sequence without errors.
func seconds[T any](f *fixture, seq func(yield func(T, error) bool)) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for item, err := range seq {
			f.ok(err)
			if !yield(item) {
				return
			}
		}
	}
}
