package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// open returns the workspace with the fixture's clock and ids. Other options are those of o.
func (f *fixture) open(o *store.Options) *store.Workspace {
	f.Helper()
	return f.openOn(f.ws, o)
}

func (f *fixture) openOn(ws driver.WorkspaceID, o *store.Options) *store.Workspace {
	f.Helper()
	options := store.Options{Now: f.now, NewID: func(t time.Time) visitor.ID { return visitor.ID(f.id(t)) }}
	if o != nil {
		options.Unknown, options.Now, options.NewID = o.Unknown, o.Now, o.NewID
	}
	w, err := store.Open(f.st, string(ws), &options)
	if err != nil {
		f.Fatalf("open: %v", err)
	}
	return w
}

// createBoth creates a visitor in the neighbour and then in the workspace.
func (f *fixture) createBoth(d visitor.Draft) visitor.Visitor {
	f.Helper()
	f.checkNeighbour()
	for _, ws := range []driver.WorkspaceID{f.neighbour, f.ws} {
		v, err := f.openOn(ws, nil).Create(f.Context(), d)
		if err != nil {
			f.Fatalf("create: %v", err)
		}
		if ws == f.ws {
			return v
		}
		f.before = f.dump(f.neighbour)
	}
	return visitor.Visitor{}
}

// ok ends the check if there is an error.
func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%v", err)
	}
}

// workspacePromises are about a store.Workspace on the store.
var workspacePromises = []promise{
	{"a visitor is created from a draft, found, updated, tagged and deleted", "This is what a host does all day.", checkWorkspaceLifecycle},
	{"a refused draft creates nothing, and the error repeats none of its values", "An error that repeats an address puts it into a log.", checkWorkspaceDraftRefused},
	{"an error has the operation, what it is about, and a sentinel", "A host turns errors into answers for people, and must not parse their text.", checkWorkspaceErrors},
	{"concurrent creations with one new tag create one tag", "The first two visitors of a campaign arrive together.", checkWorkspaceConcurrentTags},
	{"a group's rule has the same members after its tag was renamed", "Segments outlive the names of tags.", checkWorkspaceRuleSurvivesRenaming},
	{"Load creates all valid drafts and reports the others", "In a file of fifty thousand people some lines are always wrong.", checkWorkspaceLoad},
}

func checkWorkspaceLifecycle(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	v := f.createBoth(visitor.Draft{Name: "  Ada   Lovelace ", Email: "ada@EXAMPLE.com", Phone: "+55 (11) 98765-4321", Source: visitor.Instagram, Tags: []string{"Hot Lead", "hot lead", "vip"}})
	got, err := ws.Get(ctx, v.ID)
	f.ok(err)
	f.same("the visitor", got, v)
	f.same("what was cleaned", []string{v.Name, v.Email, v.Phone}, []string{"Ada Lovelace", "ada@example.com", "+5511987654321"})
	f.same("its tags", len(v.Tags), 2)
	page, err := ws.Find(ctx, store.Query{Where: filter.And(filter.Tag.Has("HOT LEAD"), filter.Search("lovelace 98765"))})
	f.ok(err)
	f.same("the page", page, store.Page{Visitors: []visitor.Visitor{v}})
	updated, err := ws.Update(ctx, v.ID, visitor.Patch{Name: ptr("Ada King"), IfRevision: v.Revision})
	f.ok(err)
	f.same("name and revision", []any{updated.Name, updated.Revision}, []any{"Ada King", v.Revision + 1})
	missing := visitor.NewID(time.Now())
	bulk, err := ws.Untag(ctx, []string{"vip", "nobody"}, v.ID, missing)
	f.ok(err)
	f.same("untagged", bulk, store.Bulk{Changed: 1, Missing: []visitor.ID{missing}})
	bulk, err = ws.Tag(ctx, []string{"hot LEAD"}, v.ID)
	f.ok(err)
	f.same("tagged again", bulk, store.Bulk{Unchanged: 1})
	bulk, err = ws.Delete(ctx, missing, v.ID, v.ID)
	f.ok(err)
	f.same("deleted", bulk, store.Bulk{Changed: 1, Missing: []visitor.ID{missing}})
	if _, err = ws.Get(ctx, v.ID); !errors.Is(err, driver.ErrNotFound) {
		f.Errorf("get after delete: error %v", err)
	}
	n, err := ws.Count(ctx, filter.All())
	f.same("count", []any{n, err}, []any{int64(0), error(nil)})
}

func checkWorkspaceDraftRefused(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
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
		if !errors.Is(err, driver.ErrInvalid) || !errors.As(err, &field) || field.Field != what || field.Reason == "" {
			f.Errorf("%s: error %v", what, err)
			continue
		}
		if text := strings.ReplaceAll(err.Error(), "secret-not", ""); strings.Contains(text, "secret") || strings.Contains(text, "Lovelace") {
			f.Errorf("%s: the error %q repeats what was refused", what, err)
		}
	}
	_, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"new"}, Groups: []group.ID{group.ID(f.id(f.clock))}})
	if !errors.Is(err, driver.ErrNotFound) {
		f.Errorf("a group that does not exist: error %v", err)
	}
	f.same("the workspace", f.dump(f.ws), dump{})
}

func checkWorkspaceErrors(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	v := f.createBoth(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"vip", "lead"}, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}}})
	gone := visitor.ID(f.id(f.clock))
	_, get := ws.Get(ctx, gone)
	_, update := ws.Update(ctx, gone, visitor.Patch{Name: ptr("Eve")})
	_, stale := ws.Update(ctx, v.ID, visitor.Patch{Name: ptr("Eve"), IfRevision: 9})
	_, taken := ws.Create(ctx, visitor.Draft{Name: "Eve", Source: visitor.Chat, Identities: v.Identities})
	_, again := ws.CreateTag(ctx, tag.Draft{Name: "VIP"})
	_, named := ws.UpdateTag(ctx, v.Tags[0].Tag, tag.Patch{Name: ptr("vip")})
	_, joined := ws.AddToGroup(ctx, group.ID(gone), v.ID)
	for _, want := range []struct {
		err           error
		op            string
		cause         error
		kind, thingID string
	}{
		{get, "get visitor", driver.ErrNotFound, "visitor", string(gone)},
		{update, "update visitor", driver.ErrNotFound, "visitor", string(gone)},
		{stale, "update visitor", driver.ErrConflict, "visitor", string(v.ID)},
		{taken, "create visitor", driver.ErrExists, "identity", string(v.ID)},
		{again, "create tag", driver.ErrExists, "tag", string(v.Tags[1].Tag)},
		{named, "update tag", driver.ErrExists, "tag", string(v.Tags[1].Tag)},
		{joined, "add to group", driver.ErrNotFound, "group", string(gone)},
	} {
		f.about(want.err, want.cause, want.kind, want.thingID)
		if want.err != nil && !strings.HasPrefix(want.err.Error(), want.op+": ") {
			f.Errorf("error %q does not begin with %q", want.err, want.op)
		}
	}
}

func checkWorkspaceConcurrentTags(f *fixture) {
	ctx := f.Context()
	const n = 4
	var at = f.now()
	ws := f.open(&store.Options{Now: func() time.Time { return at }, NewID: visitor.NewID})
	for round := range f.effort.rounds {
		f.race(n, func(i int) error {
			_, err := ws.Create(ctx, visitor.Draft{Name: fmt.Sprint("Ada ", i), Source: visitor.Chat, Tags: []string{fmt.Sprint("Spring ", round), "SPRING"}})
			return err
		}, f.succeed)
		count, err := ws.Count(ctx, filter.Tag.HasAll(fmt.Sprint("spring ", round), "Spring"))
		f.same("how many have the tags", []any{count, err}, []any{int64(n), error(nil)})
	}
	f.same("tags", len(f.tags(f.ws)), f.effort.rounds+1)
}

func checkWorkspaceRuleSurvivesRenaming(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	a := f.createBoth(visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"lead"}})
	b := f.createBoth(visitor.Draft{Name: "Bob", Source: visitor.Chat, Tags: []string{"lead"}})
	c := f.createBoth(visitor.Draft{Name: "Cleo", Source: visitor.Telegram})
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "Leads", Rule: filter.And(filter.Tag.Has("LEAD"), filter.CreatedAt.Within(time.Hour))})
	f.ok(err)
	members := func(when, want string) {
		f.Helper()
		page, err := ws.Find(ctx, store.Query{Where: filter.Group.Has("leads"), Order: driver.OldestFirst})
		f.ok(err)
		f.same("members "+when, names(page.Visitors), want)
		facets, err := ws.Facets(ctx, filter.All())
		f.ok(err)
		f.same("count of members "+when, facets.Groups[0].Count, int64(len(page.Visitors)))
	}
	members("by the rule", "Ada, Bob")
	_, err = ws.UpdateTag(ctx, a.Tags[0].Tag, tag.Patch{Name: ptr("Warm")})
	f.ok(err)
	members("after the tag was renamed", "Ada, Bob")
	bulk, err := ws.RemoveFromGroup(ctx, g.ID, b.ID)
	f.same("left", []any{bulk, err}, []any{store.Bulk{Changed: 1}, error(nil)})
	bulk, err = ws.AddToGroup(ctx, g.ID, c.ID, a.ID)
	f.same("joined", []any{bulk, err}, []any{store.Bulk{Changed: 2}, error(nil)})
	members("after one left and one joined", "Ada, Cleo")
	f.ok(ws.DeleteGroup(ctx, g.ID))
	if err := ws.DeleteGroup(ctx, g.ID); !errors.Is(err, driver.ErrNotFound) {
		f.Errorf("delete a group twice: error %v", err)
	}
}

func checkWorkspaceLoad(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	f.createBoth(visitor.Draft{Name: "Ada", Source: visitor.Chat, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}}})
	drafts := func(yield func(visitor.Draft, error) bool) {
		for i := range 40 {
			d := visitor.Draft{Name: fmt.Sprint("Bob ", i), Source: visitor.Chat, Tags: []string{"import"}, Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: fmt.Sprint(i)}}}
			if i == 7 {
				d.Email = "no address"
			}
			if !yield(d, nil) {
				return
			}
		}
	}
	var refused []int
	done, err := ws.Load(ctx, drafts, &store.LoadOptions{Batch: 16, Refused: func(i int, err error) { refused = append(refused, i) }})
	f.ok(err)
	f.same("done", done, store.Loaded{Created: 38, Refused: 2})
	f.same("refused", sorted(refused), []int{1, 7})
	f.same("how many have the tag", f.count(filter.Tag.Has("import")), int64(38))
}
