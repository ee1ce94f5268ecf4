package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// start is a fixed time for tests; clock returns it, and one second more on each call.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() func() time.Time {
	now := start
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func open(t *testing.T, o *store.Options) *store.Workspace {
	t.Helper()
	if o == nil {
		o = &store.Options{}
	}
	if o.Now == nil {
		o.Now = clock()
	}
	st := memory.New()
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	ws, err := store.Open(st, "acme", o)
	require.NoError(t, err)
	return ws
}

func create(t *testing.T, ws *store.Workspace, d visitor.Draft) visitor.Visitor {
	t.Helper()
	if d.Source == "" {
		d.Source = visitor.Chat
	}
	v, err := ws.Create(context.Background(), d)
	require.NoError(t, err)
	return v
}

func names(page store.Page) []string {
	var all []string
	for _, v := range page.Visitors {
		all = append(all, v.Name)
	}
	return all
}

func TestOpenRefusesBadNamesAndOptions(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a b", "a/b", "ä", strings.Repeat("x", 65), "a\x00"} {
		_, err := store.Open(memory.New(), name, nil)
		require.ErrorIs(t, err, store.ErrInvalid)
		var field *visitor.FieldError
		require.ErrorAs(t, err, &field)
		require.Equal(t, "workspace", field.Field)
	}
	for _, none := range []store.Store{nil, (*memory.Store)(nil)} { // the second is what a failed Open returns
		_, err := store.Open(none, "acme", nil)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.EqualError(t, err, "open workspace: store: nil: open one first, and check its error")
	}
	_, err := store.Open(memory.New(), "acme", &store.Options{Sources: map[visitor.Source]visitor.SourceInfo{"Not OK": {}}})
	require.ErrorIs(t, err, store.ErrInvalid)
}

// TestErrorsHoldNoPersonalData causes every kind of error of a store with a visitor, a tag and
// a group whose values are secret.
func TestEmptyIsNeverEveryone(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	create(t, ws, visitor.Draft{Name: "Ada"})
	for name, e := range map[string]filter.Expr{
		"nothing":        nil,
		"an empty and":   filter.And(),
		"an empty or":    filter.Or(),
		"no tag":         filter.Tag.HasAny(),
		"a blank search": filter.Search(" \u200b "),
		"an unknown tag": filter.Not(filter.Tag.Has("nope")),
	} {
		_, err := ws.Find(ctx, store.Query{Where: e})
		require.ErrorIs(t, err, store.ErrInvalid, name)
		_, err = ws.Count(ctx, e)
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
}

func TestAnUnknownNameSuggestsTheNearest(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	create(t, ws, visitor.Draft{Name: "Ada", Tags: []string{"Hot lead", "customer"}})
	_, err := ws.Count(ctx, filter.Tag.Has("hot-lead"))
	var unknown *filter.UnknownError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, "Hot lead", unknown.Suggestion)

	lenient := open(t, &store.Options{Unknown: filter.UnknownIsNobody})
	create(t, lenient, visitor.Draft{Name: "Ada"})
	n, err := lenient.Count(ctx, filter.Tag.Has("nope"))
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = lenient.Count(ctx, filter.Tag.HasNone("nope"))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func TestACursorBelongsToItsQueryAndWorkspace(t *testing.T) {
	t.Parallel()
	ctx, st := context.Background(), memory.New()
	acme, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	other, err := store.Open(st, "other", nil)
	require.NoError(t, err)
	for range 3 {
		create(t, acme, visitor.Draft{Name: "Ada"})
		create(t, other, visitor.Draft{Name: "Ada"})
	}
	q := store.Query{Where: filter.All(), Limit: 1}
	page, err := acme.Find(ctx, q)
	require.NoError(t, err)
	require.NotEmpty(t, page.Next)

	q.After = page.Next
	_, err = acme.Find(ctx, q)
	require.NoError(t, err)

	refused := func(ws *store.Workspace, change func(*store.Query)) {
		t.Helper()
		q := q
		change(&q)
		_, err := ws.Find(ctx, q)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	refused(other, func(*store.Query) {})
	refused(acme, func(q *store.Query) { q.Order = store.NameAZ })
	refused(acme, func(q *store.Query) { q.Where = filter.Search("ada") })
	for i := range q.After {
		refused(acme, func(q *store.Query) {
			b := []byte(q.After)
			b[i] ^= 1
			q.After = string(b)
		})
	}
	refused(acme, func(q *store.Query) { q.After = strings.Repeat("A", 100_000) })
	refused(acme, func(q *store.Query) { q.Limit = -1 })
	refused(acme, func(q *store.Query) { q.Limit = store.MaxLimit + 1 })
	refused(acme, func(q *store.Query) { q.Order = "sideways" })
}

func TestRelativeDatesCountFromTheFirstPage(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := start
	ws := open(t, &store.Options{Now: func() time.Time { return now }})
	for i := range 4 {
		create(t, ws, visitor.Draft{Name: "Ada", CreatedAt: start.Add(-time.Duration(i) * time.Hour)})
	}
	q := store.Query{Where: filter.CreatedAt.Within(4 * time.Hour), Limit: 2}
	page, err := ws.Find(ctx, q)
	require.NoError(t, err)
	now = now.Add(24 * time.Hour) // the reader requests the next page a day later
	q.After = page.Next
	page, err = ws.Find(ctx, q)
	require.NoError(t, err)
	require.Len(t, page.Visitors, 2)
}

func TestRulesOfGroups(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	ada := create(t, ws, visitor.Draft{Name: "Ada", Source: visitor.Instagram, Tags: []string{"hot-lead"}})
	bob := create(t, ws, visitor.Draft{Name: "Bob", Source: visitor.Telegram})
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "VIP", Rule: filter.Tag.Has("hot-lead")})
	require.NoError(t, err)

	members := func() []string {
		t.Helper()
		page, err := ws.Find(ctx, store.Query{Where: filter.Group.Has("vip"), Order: store.NameAZ})
		require.NoError(t, err)
		facets, err := ws.Facets(ctx, filter.All())
		require.NoError(t, err)
		require.EqualValues(t, len(page.Visitors), facets.Groups[0].Count)
		return names(page)
	}
	require.Equal(t, []string{"Ada"}, members())

	_, err = ws.AddToGroup(ctx, g.ID, bob.ID)
	require.NoError(t, err)
	_, err = ws.RemoveFromGroup(ctx, g.ID, ada.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"Bob"}, members())
	_, err = ws.AddToGroup(ctx, g.ID, ada.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"Ada", "Bob"}, members())

	for tagged, err := range ws.Tags(ctx) {
		require.NoError(t, err)
		name := "very hot"
		_, err = ws.UpdateTag(ctx, tagged.ID, tag.Patch{Name: &name})
		require.NoError(t, err)
	}
	create(t, ws, visitor.Draft{Name: "Cleo", Tags: []string{"Very Hot"}})
	require.Equal(t, []string{"Ada", "Bob", "Cleo"}, members(), "a renamed tag keeps the rule")

	_, err = ws.CreateGroup(ctx, group.Draft{Name: "nested", Rule: filter.Group.Has("VIP")})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = ws.CreateGroup(ctx, group.Draft{Name: "typo", Rule: filter.Tag.Has("very-hot")})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = ws.UpdateGroup(ctx, g.ID, group.Patch{ClearRule: true})
	require.NoError(t, err)
	require.Equal(t, []string{"Ada", "Bob"}, members(), "those who were added stay")
}

func TestBulkListsMissingIDs(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	ada, bob := create(t, ws, visitor.Draft{Name: "Ada"}), create(t, ws, visitor.Draft{Name: "Bob"})
	gone := visitor.NewID(start)
	r, err := ws.Delete(ctx, ada.ID, gone, ada.ID, bob.ID)
	require.NoError(t, err)
	require.Equal(t, store.Bulk{Changed: 2, Missing: []visitor.ID{gone}}, r)
	r, err = ws.Delete(ctx)
	require.NoError(t, err)
	require.Zero(t, r)
	_, err = ws.Delete(ctx, "not an id")
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestAHostsOwnSourceWorksEverywhere(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ws := open(t, &store.Options{Sources: map[visitor.Source]visitor.SourceInfo{"fair": {Label: "Trade fair", Badge: "#123456"}}})
	create(t, ws, visitor.Draft{Name: "Ada", Source: "fair"})
	n, err := ws.Count(ctx, filter.Source.Is("fair"))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, tag.Color("#123456"), ws.Sources().Info("fair").Badge)
	facets, err := ws.Facets(ctx, filter.All())
	require.NoError(t, err)
	require.Contains(t, facets.Sources, store.SourceCount{Source: "fair", Count: 1})

	plain := open(t, nil)
	_, err = plain.Create(ctx, visitor.Draft{Name: "Ada", Source: "fair"})
	require.ErrorContains(t, err, "instagram, whatsapp, chat, messenger, telegram")
	_, err = plain.Count(ctx, filter.Source.Is("fair"))
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "instagram, whatsapp, chat, messenger, telegram")
}

func TestLoadLeavesOutRefusedDrafts(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	identity := []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	drafts := []visitor.Draft{
		{Name: "Ada", Source: visitor.Chat, Identities: identity, Tags: []string{"new"}},
		{Name: "", Source: visitor.Chat},
		{Name: "Bob", Source: visitor.Chat, Tags: []string{"New"}},
		{Name: "Ada again", Source: visitor.Chat, Identities: identity},
		{Name: "Cleo", Source: visitor.Chat},
	}
	for _, batch := range []int{1, 2, 100} {
		ws := ws
		if batch > 1 {
			ws = open(t, nil)
		}
		refused := map[int]error{}
		steps := 0
		done, err := ws.Load(ctx, sequence(drafts, nil), &store.LoadOptions{
			Batch:    batch,
			Refused:  func(i int, err error) { refused[i] = err },
			Progress: func(store.Loaded) { steps++ },
		})
		require.NoError(t, err)
		require.Equal(t, store.Loaded{Created: 3, Refused: 2}, done)
		require.Len(t, refused, 2)
		require.ErrorIs(t, refused[1], store.ErrInvalid)
		require.ErrorIs(t, refused[3], store.ErrExists)
		require.Positive(t, steps)
		n, err := ws.Count(ctx, filter.Tag.Has("new"))
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
	}
}

func TestIdsMustCarryTheTimeOfCreation(t *testing.T) {
	t.Parallel()
	ws := open(t, &store.Options{NewID: func(at time.Time) visitor.ID { return visitor.NewID(at.Add(time.Minute)) }})
	_, err := ws.Create(context.Background(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
	require.ErrorIs(t, err, store.ErrInvalid)
}

// withoutFacets is a store that lacks the optional interfaces.
type withoutFacets struct{ store.Store }

func TestFacetsWithoutHelpFromTheStore(t *testing.T) {
	t.Parallel()
	ctx, st := context.Background(), memory.New()
	helped, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	alone, err := store.Open(withoutFacets{st}, "acme", nil)
	require.NoError(t, err)
	create(t, helped, visitor.Draft{Name: "Ada", Source: visitor.Instagram, Tags: []string{"a", "b"}})
	create(t, helped, visitor.Draft{Name: "Bob", Source: visitor.Telegram, Tags: []string{"b"}})
	g, err := helped.CreateGroup(ctx, group.Draft{Name: "VIP"})
	require.NoError(t, err)
	v := create(t, helped, visitor.Draft{Name: "Cleo", Groups: []group.ID{g.ID}})
	require.Equal(t, []group.ID{g.ID}, v.Groups())
	for _, e := range []filter.Expr{filter.All(), filter.None(), filter.Tag.Has("b")} {
		want, err := helped.Facets(ctx, e)
		require.NoError(t, err)
		got, err := alone.Facets(ctx, e)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestIteratorsStopAfterAnError(t *testing.T) {
	t.Parallel()
	ctx, st := context.Background(), memory.New()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	var errs []error
	for _, err := range ws.All(ctx, store.Query{Where: filter.All()}) {
		errs = append(errs, err)
	}
	for _, err := range ws.Tags(ctx) {
		errs = append(errs, err)
	}
	for _, err := range ws.Groups(ctx) {
		errs = append(errs, err)
	}
	for _, err := range ws.Events(ctx, 0) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 4)
	for _, err := range errs {
		require.True(t, errors.Is(err, store.ErrClosed), err)
	}
}
