package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// open returns a handle on the room, with the room's clock and ids. Other options are
// those of o.
func (r *room) open(o *store.Options) *store.Workspace {
	r.Helper()
	return r.openOn(r.ws, o)
}

func (r *room) openOn(ws store.WorkspaceID, o *store.Options) *store.Workspace {
	r.Helper()
	options := store.Options{Now: r.now, NewID: func(t time.Time) visitor.ID { return visitor.ID(r.id(t)) }}
	if o != nil {
		options.Unknown, options.Now, options.NewID = o.Unknown, o.Now, o.NewID
	}
	w, err := store.Open(r.st, string(ws), &options)
	if err != nil {
		r.Fatalf("open: %v", err)
	}
	return w
}

// both makes a visitor of the draft in the neighbour and then in the room.
func (r *room) both(d visitor.Draft) visitor.Visitor {
	r.Helper()
	r.checkNeighbour()
	for _, ws := range []store.WorkspaceID{r.neighbour, r.ws} {
		v, err := r.openOn(ws, nil).Create(r.Context(), d)
		if err != nil {
			r.Fatalf("create: %v", err)
		}
		if ws == r.ws {
			return v
		}
		r.before = r.dump(r.neighbour)
	}
	return visitor.Visitor{}
}

// ok fails for an error.
func (r *room) ok(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%v", err)
	}
}

var handlePromises = []promise{
	{
		name: "a visitor that was made from a draft is found, changed, tagged and deleted",
		why:  "This is what a host does all day.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			v := r.both(visitor.Draft{Name: "  Ada   Lovelace ", Email: "ada@EXAMPLE.com", Phone: "+55 (11) 98765-4321", Source: visitor.Instagram, Tags: []string{"Hot Lead", "hot lead", "vip"}})
			got, err := ws.Get(ctx, v.ID)
			r.ok(err)
			r.same("the visitor", got, v)
			r.same("what was cleaned", []string{v.Name, v.Email, v.Phone}, []string{"Ada Lovelace", "ada@example.com", "+5511987654321"})
			r.same("its tags", len(v.Tags), 2)
			page, err := ws.Find(ctx, store.Query{Where: filter.And(filter.Tag.Has("HOT LEAD"), filter.Search("lovelace 98765"))})
			r.ok(err)
			r.same("the page", page, store.Page{Visitors: []visitor.Visitor{v}})
			updated, err := ws.Update(ctx, v.ID, visitor.Patch{Name: ptr("Ada King"), IfRevision: v.Revision})
			r.ok(err)
			r.same("name and revision", []any{updated.Name, updated.Revision}, []any{"Ada King", v.Revision + 1})
			missing := visitor.NewID(time.Now())
			bulk, err := ws.Untag(ctx, []string{"vip", "nobody"}, v.ID, missing)
			r.ok(err)
			r.same("untagged", bulk, store.Bulk{Changed: 1, Missing: []visitor.ID{missing}})
			bulk, err = ws.Tag(ctx, []string{"hot LEAD"}, v.ID)
			r.ok(err)
			r.same("tagged again", bulk, store.Bulk{Unchanged: 1})
			bulk, err = ws.Delete(ctx, missing, v.ID, v.ID)
			r.ok(err)
			r.same("deleted", bulk, store.Bulk{Changed: 1, Missing: []visitor.ID{missing}})
			if _, err = ws.Get(ctx, v.ID); !errors.Is(err, store.ErrNotFound) {
				r.Errorf("get after delete: error %v", err)
			}
			n, err := ws.Count(ctx, filter.All())
			r.same("count", []any{n, err}, []any{int64(0), error(nil)})
		},
	},
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
		name: "a draft that is refused makes nothing, and the error holds none of it",
		why:  "An error that repeats an address puts it into a log.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			for what, d := range map[string]visitor.Draft{
				"name":                 {Name: "\u200b", Source: visitor.Chat, Tags: []string{"new"}},
				"email":                {Name: "Ada Lovelace", Email: "secret.example.com", Source: visitor.Chat, Tags: []string{"new"}},
				"phone":                {Name: "Ada Lovelace", Phone: "+1 secret", Source: visitor.Chat, Tags: []string{"new"}},
				"source":               {Name: "Ada Lovelace", Source: "secret", Tags: []string{"new"}},
				"tag":                  {Name: "Ada Lovelace", Source: visitor.Chat, Tags: []string{"new", "secret\x00"}},
				"attribute secret-not": {Name: "Ada Lovelace", Source: visitor.Chat, Tags: []string{"new"}, Attributes: visitor.Attributes{"secret-not": visitor.Text("")}},
				"group id":             {Name: "Ada Lovelace", Source: visitor.Chat, Tags: []string{"new"}, Groups: []group.ID{"secret"}},
			} {
				_, err := ws.Create(ctx, d)
				var field *visitor.FieldError
				if !errors.Is(err, store.ErrInvalid) || !errors.As(err, &field) || field.Field != what || field.Reason == "" {
					r.Errorf("%s: error %v", what, err)
					continue
				}
				if text := strings.ReplaceAll(err.Error(), "secret-not", ""); strings.Contains(text, "secret") || strings.Contains(text, "Lovelace") {
					r.Errorf("%s: the error %q repeats what was refused", what, err)
				}
			}
			_, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"new"}, Groups: []group.ID{group.ID(r.id(r.clock))}})
			if !errors.Is(err, store.ErrNotFound) {
				r.Errorf("a group that is not there: error %v", err)
			}
			r.same("the workspace", r.dump(r.ws), dump{})
		},
	},
	{
		name: "those who make visitors with one new tag at once make one tag",
		why:  "The first two visitors of a campaign arrive together.",
		keep: func(r *room) {
			ctx := r.Context()
			const n = 4
			var at = r.now()
			ws := r.open(&store.Options{Now: func() time.Time { return at }, NewID: visitor.NewID})
			for round := range r.effort.rounds {
				r.race(n, func(i int) error {
					_, err := ws.Create(ctx, visitor.Draft{Name: fmt.Sprint("Ada ", i), Source: visitor.Chat, Tags: []string{fmt.Sprint("Spring ", round), "SPRING"}})
					return err
				}, r.succeed)
				count, err := ws.Count(ctx, filter.Tag.HasAll(fmt.Sprint("spring ", round), "Spring"))
				r.same("how many carry the tags", []any{count, err}, []any{int64(n), error(nil)})
			}
			r.same("tags", len(r.tags(r.ws)), r.effort.rounds+1)
		},
	},
	{
		name: "a group with a rule has the members that the rule has, also after a tag of it was renamed",
		why:  "Segments outlive the words they were first said in.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			a := r.both(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"lead"}})
			b := r.both(visitor.Draft{Name: "Bob", Source: visitor.Chat, Tags: []string{"lead"}})
			c := r.both(visitor.Draft{Name: "Cleo", Source: visitor.Telegram})
			g, err := ws.CreateGroup(ctx, group.Draft{Name: "Leads", Rule: filter.And(filter.Tag.Has("LEAD"), filter.CreatedAt.Within(time.Hour))})
			r.ok(err)
			members := func(when, want string) {
				r.Helper()
				page, err := ws.Find(ctx, store.Query{Where: filter.Group.Has("leads"), Order: store.OldestFirst})
				r.ok(err)
				r.same("members "+when, names(page.Visitors), want)
				f, err := ws.Facets(ctx, filter.All())
				r.ok(err)
				r.same("count of members "+when, f.Groups[0].Count, int64(len(page.Visitors)))
			}
			members("by the rule", "Ada, Bob")
			_, err = ws.UpdateTag(ctx, a.Tags[0].Tag, tag.Patch{Name: ptr("Warm")})
			r.ok(err)
			members("after the tag was renamed", "Ada, Bob")
			bulk, err := ws.Leave(ctx, g.ID, b.ID)
			r.same("left", []any{bulk, err}, []any{store.Bulk{Changed: 1}, error(nil)})
			bulk, err = ws.Join(ctx, g.ID, c.ID, a.ID)
			r.same("joined", []any{bulk, err}, []any{store.Bulk{Changed: 2}, error(nil)})
			members("after one left and one joined", "Ada, Cleo")
			r.ok(ws.DeleteGroup(ctx, g.ID))
			if err := ws.DeleteGroup(ctx, g.ID); !errors.Is(err, store.ErrNotFound) {
				r.Errorf("delete a group twice: error %v", err)
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
	{
		name: "loading makes all that can be made and tells what cannot",
		why:  "In a file of fifty thousand people some lines are always wrong.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			r.both(visitor.Draft{Name: "Ada", Source: visitor.Chat, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}}})
			drafts := func(yield func(visitor.Draft) bool) {
				for i := range 40 {
					d := visitor.Draft{Name: fmt.Sprint("Bob ", i), Source: visitor.Chat, Tags: []string{"import"}, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: fmt.Sprint(i)}}}
					if i == 7 {
						d.Email = "no address"
					}
					if !yield(d) {
						return
					}
				}
			}
			var refused []int
			done, err := ws.Load(ctx, drafts, &store.LoadOptions{Batch: 16, Refused: func(i int, err error) { refused = append(refused, i) }})
			r.ok(err)
			r.same("done", done, store.Loaded{Created: 38, Refused: 2})
			r.same("refused", sorted(refused), []int{1, 7})
			r.same("how many carry the tag", r.count(filter.Tag.Has("import")), int64(38))
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
