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
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// handleFindPromises are about reading through a Workspace.
var handleFindPromises = []promise{
	{
		name: "pages follow each other by their cursors and hold everybody once",
		why:  "An endless list in a browser is made of these.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			people := r.crowd(50, r.rand())
			r.load(people)
			for _, o := range store.Orders() {
				for _, size := range []int{1, 7, 25, 50, 51} {
					var got []visitor.Visitor
					q := store.Query{Where: filter.Not(filter.Name.Is("zed")), Order: o, Limit: size}
					for range 60 {
						page, err := ws.Find(ctx, q)
						r.ok(err)
						got = append(got, page.Visitors...)
						if q.After = page.Next; q.After == "" {
							break
						}
					}
					r.same(fmt.Sprintf("order %s, pages of %d", o, size), ids(got), ids(matching(r.bind(q.Where), o, people)))
				}
			}
		},
	},
	{
		name: "a cursor belongs to one query and one workspace",
		why:  "A cursor used elsewhere would skip people without a word, or show where others' people are.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			r.load(r.crowd(30, r.rand()))
			q := store.Query{Where: filter.All(), Order: store.NameAZ, Limit: 5}
			page, err := ws.Find(ctx, q)
			r.ok(err)
			next := q
			next.After = page.Next
			_, err = ws.Find(ctx, next)
			r.ok(err)
			bad := map[string]store.Query{
				"another filter": {Where: filter.Source.Is(visitor.Chat), Order: store.NameAZ, Limit: 5, After: page.Next},
				"another order":  {Where: filter.All(), Order: store.NameZA, Limit: 5, After: page.Next},
				"nonsense":       {Where: filter.All(), Order: store.NameAZ, Limit: 5, After: "nonsense"},
				"half a cursor":  {Where: filter.All(), Order: store.NameAZ, Limit: 5, After: page.Next[:len(page.Next)/2]},
				"a long one":     {Where: filter.All(), Order: store.NameAZ, Limit: 5, After: strings.Repeat("A", 100_000)},
			}
			for i := range len(page.Next) {
				b := []byte(page.Next)
				if b[i] = 'A'; page.Next[i] == 'A' {
					b[i] = 'B'
				}
				bad[fmt.Sprintf("byte %d changed", i)] = store.Query{Where: filter.All(), Order: store.NameAZ, Limit: 5, After: string(b)}
			}
			for what, q := range bad {
				if page, err := ws.Find(ctx, q); !errors.Is(err, store.ErrInvalid) || page.Visitors != nil {
					r.Errorf("%s: %d visitors, error %v", what, len(page.Visitors), err)
				}
			}
			if _, err = r.openOn(r.neighbour, nil).Find(ctx, next); !errors.Is(err, store.ErrInvalid) {
				r.Errorf("in another workspace: error %v", err)
			}
		},
	},
	{
		name: "an empty or unknown filter is an error, never everyone",
		why:  "A filter that was lost on the way must not select all for deletion.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			r.both(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"customer"}})
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
					if !errors.Is(err, store.ErrInvalid) {
						r.Errorf("%s: error %v", what, err)
					}
				}
				if page.Visitors != nil || n != 0 {
					r.Errorf("%s: found %d, counted %d", what, len(page.Visitors), n)
				}
			}
			var unknown *filter.UnknownError
			if _, err := ws.Count(ctx, filter.Tag.Has("custmer")); !errors.As(err, &unknown) || unknown.Nearest != "customer" {
				r.Errorf("error %v, want one that suggests customer", err)
			}
			lenient := r.open(&store.Options{Unknown: filter.UnknownIsNobody})
			for e, want := range map[filter.Expr]int64{filter.All(): 1, filter.None(): 0} {
				n, err := lenient.Count(ctx, filter.And(filter.Not(filter.Tag.Has("custmer")), e))
				r.same("count of those without an unknown tag, where that is nobody's", []any{n, err}, []any{want, error(nil)})
			}
		},
	},
	{
		name: "facets show every source of the catalogue",
		why:  "A front end draws its buttons from them, also those with a zero.",
		keep: func(r *room) {
			ws := r.open(nil)
			r.both(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}})
			r.both(visitor.Draft{Name: "Bob", Source: visitor.Telegram})
			f, err := ws.Facets(r.Context(), filter.Not(filter.Tag.Has("vip")))
			r.ok(err)
			var want []store.SourceCount
			for _, s := range visitor.Sources() {
				n := int64(0)
				if s == visitor.Telegram {
					n = 1
				}
				want = append(want, store.SourceCount{Source: s, Count: n})
			}
			r.same("sources", f.Sources, want)
			r.same("total", f.Total, int64(1))
			r.same("tags", []any{len(f.Tags), f.Tags[0].Count}, []any{1, int64(0)})
		},
	},
	{
		name: "iterators give all there is, page after page, and stop when told to",
		why:  "An export must hold everybody and hold nothing open.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			people := r.crowd(30, r.rand())
			r.load(people)
			for i := range 12 {
				_, err := ws.CreateTag(ctx, tag.Draft{Name: fmt.Sprintf("tag %02d", i)})
				r.ok(err)
				_, err = ws.CreateGroup(ctx, group.Draft{Name: fmt.Sprintf("group %02d", i)})
				r.ok(err)
			}
			arrange(store.NameAZ, people)
			var got []visitor.Visitor
			for v, err := range ws.All(ctx, store.Query{Where: filter.All(), Order: store.NameAZ, Limit: 7}) {
				r.ok(err)
				got = append(got, v)
			}
			r.same("all", ids(got), ids(people))
			got = nil
			for v, err := range ws.All(ctx, store.Query{Where: filter.All(), Order: store.NameAZ, Limit: 7}) {
				r.ok(err)
				if got = append(got, v); len(got) == 10 {
					break
				}
			}
			r.same("the first ten", ids(got), ids(people[:10]))
			tags := slices.Collect(seconds(r, ws.Tags(ctx)))
			r.same("tags", tags, r.tags(r.ws))
			groups := slices.Collect(seconds(r, ws.Groups(ctx)))
			r.same("groups", groups, r.groups(r.ws))
			events := slices.Collect(seconds(r, ws.Events(ctx, 5)))
			r.same("events", events, r.events(r.ws, 5))
			ended, cancel := context.WithCancel(ctx)
			cancel()
			turns := 0
			for _, err := range ws.All(ended, store.Query{Where: filter.All()}) {
				if turns++; !errors.Is(err, context.Canceled) {
					r.Errorf("error %v", err)
				}
			}
			r.same("turns of an iterator after its error", turns, 1)
		},
	},
}

// seconds gives the values of a sequence, and fails for its error.
func seconds[T any](r *room, seq func(yield func(T, error) bool)) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for item, err := range seq {
			r.ok(err)
			if !yield(item) {
				return
			}
		}
	}
}
