package memory

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// fading is a context that ends after it was asked a number of times.
type fading struct {
	context.Context
	mu   sync.Mutex
	left int
}

func (f *fading) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	st := New()
	g := filtergen.New(1, nil)
	var changes []store.Change
	for i := range 70_000 {
		v := person(i, "Ada Lovelace")
		v.LastSeenAt, v.Attributes = v.CreatedAt, visitor.Attributes{"n": visitor.Number(1)}
		changes = append(changes, store.CreateVisitor{Visitor: v})
	}
	_, err := st.Apply(&fading{Context: context.Background(), left: 60}, acme, changes)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []any{[]visitor.Visitor(nil), []tag.Tag(nil), []group.Group(nil), []store.Event(nil)}, dump(t, st))
	apply(t, st, changes...)
	for _, e := range []filter.Expr{
		filter.Search("lovelace"), filter.LastSeenAt.Before(epoch.AddDate(1, 0, 0)), filter.Attr("n").AtLeast(1), filter.Name.HasSuffix("e"),
		filter.Or(filter.Search("x"), filter.Not(filter.Attr("n").AtLeast(1))),
	} {
		where, err := filter.Bind(e, g.Env())
		require.NoError(t, err)
		// Asked once before the work begins and once for the node, it ends during the scan.
		_, err = st.CountVisitors(&fading{Context: context.Background(), left: 2}, acme, where, 0)
		require.ErrorIs(t, err, context.Canceled, "%#v", e)
		_, err = st.FindVisitors(&fading{Context: context.Background(), left: 2}, acme, store.Select{Where: where, Order: store.NameAZ, Limit: 5})
		require.ErrorIs(t, err, context.Canceled, "%#v", e)
	}
}

func TestReadersSeeWholeChanges(t *testing.T) {
	t.Parallel()
	st := New()
	red := tag.Tag{ID: tag.NewID(epoch), Name: "red", Color: "#ff0000", CreatedAt: epoch}
	blue := tag.Tag{ID: tag.NewID(epoch), Name: "blue", Color: "#0000ff", CreatedAt: epoch}
	apply(t, st, store.CreateTag{Tag: red}, store.CreateTag{Tag: blue})
	env := &filter.Env{Tags: map[string]tag.ID{"red": red.ID, "blue": blue.ID}}
	one, err := filter.Bind(filter.And(filter.Tag.Has("red"), filter.Not(filter.Tag.Has("blue"))), env)
	require.NoError(t, err)
	search := bind(t, filter.Search("lovelace"))

	ctx := context.Background()
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for worker := range 4 {
		writers.Go(func() {
			for i := range 150 {
				v := person(i*7%50+worker, "Ada Lovelace")
				_, err := st.Apply(ctx, acme, []store.Change{
					store.CreateVisitor{Visitor: v, Tags: []string{"red"}}, store.AddTags{ID: v.ID, Tags: []string{"blue"}},
				})
				require.NoError(t, err)
				if i%3 == 0 {
					_, err = st.Apply(ctx, acme, []store.Change{store.DeleteVisitor{ID: v.ID}})
					require.NoError(t, err)
				}
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				n, err := st.CountVisitors(ctx, acme, one, 0)
				require.NoError(t, err)
				require.Zero(t, n, "half of a change was seen")
				page, err := st.FindVisitors(ctx, acme, store.Select{Where: search, Order: store.Orders()[worker], Limit: 20})
				require.NoError(t, err)
				for _, v := range page {
					require.Len(t, v.Tags, 2)
				}
				_, err = st.Facets(ctx, acme, search)
				require.NoError(t, err)
				_, err = st.Events(ctx, acme, 0, 50)
				require.NoError(t, err)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	requireWhole(t, workspaceOf(t, st, acme))
	n, err := st.CountVisitors(ctx, acme, search, 0)
	require.NoError(t, err)
	require.EqualValues(t, 4*100, n)
}

func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	t.Parallel()
	st := New()
	all := bind(t, filter.All())
	for _, q := range []store.Select{
		{Where: all, Order: "sideways", Limit: 1},
		{Where: all, Order: store.NewestFirst},
		{Where: all, Order: store.NewestFirst, Limit: 1, After: &store.Position{ID: "7"}},
	} {
		_, err := st.FindVisitors(context.Background(), acme, q)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	for _, c := range []store.Change{nil, store.CreateVisitor{Visitor: visitor.Visitor{ID: "7", Name: "Ada"}}} {
		_, err := st.Apply(context.Background(), acme, []store.Change{c})
		require.Error(t, err)
	}
	require.Equal(t, []any{[]visitor.Visitor(nil), []tag.Tag(nil), []group.Group(nil), []store.Event(nil)}, dump(t, st))
}
