package storetest

import (
	"errors"
	"fmt"
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

// handlePromises are about what a Workspace makes of the store.
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
		name: "an error says what was being done, about what, and what kind of error it is",
		why:  "A host turns errors into answers to people, and must not read their text for it.",
		keep: func(r *room) {
			ctx, ws := r.Context(), r.open(nil)
			v := r.both(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip", "lead"}, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}}})
			gone := visitor.ID(r.id(r.clock))
			_, get := ws.Get(ctx, gone)
			_, update := ws.Update(ctx, gone, visitor.Patch{Name: ptr("Eve")})
			_, stale := ws.Update(ctx, v.ID, visitor.Patch{Name: ptr("Eve"), IfRevision: 9})
			_, taken := ws.Create(ctx, visitor.Draft{Name: "Eve", Source: visitor.Chat, Identities: v.Identities})
			_, again := ws.CreateTag(ctx, tag.Draft{Name: "VIP"})
			_, named := ws.UpdateTag(ctx, v.Tags[0].Tag, tag.Patch{Name: ptr("vip")})
			_, joined := ws.Join(ctx, group.ID(gone), v.ID)
			for _, want := range []struct {
				err           error
				op            string
				cause         error
				kind, thingID string
			}{
				{get, "get visitor", store.ErrNotFound, "visitor", string(gone)},
				{update, "update visitor", store.ErrNotFound, "visitor", string(gone)},
				{stale, "update visitor", store.ErrConflict, "visitor", string(v.ID)},
				{taken, "create visitor", store.ErrExists, "identity", string(v.ID)},
				{again, "create tag", store.ErrExists, "tag", string(v.Tags[1].Tag)},
				{named, "update tag", store.ErrExists, "tag", string(v.Tags[1].Tag)},
				{joined, "join group", store.ErrNotFound, "group", string(gone)},
			} {
				r.about(want.err, want.cause, want.kind, want.thingID)
				if want.err != nil && !strings.HasPrefix(want.err.Error(), want.op+": ") {
					r.Errorf("error %q does not begin with %q", want.err, want.op)
				}
			}
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
