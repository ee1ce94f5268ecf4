package memory

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// endingContext is canceled once Err has been called left times.
type endingContext struct {
	context.Context
	mu   sync.Mutex
	left int
}

func (c *endingContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestCanceledContextEndsCall(t *testing.T) {
	t.Parallel()
	st := New()
	g := filtergen.New(1, nil)
	var changes []driver.Change
	for i := range 70_000 {
		v := person(i, "Ada Lovelace")
		v.LastSeenAt, v.Attributes = v.CreatedAt, visitor.Attributes{"n": visitor.Number(1)}
		changes = append(changes, driver.CreateVisitor{Visitor: v})
	}
	_, err := st.Apply(&endingContext{Context: context.Background(), left: 60}, acme, changes)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, names(t, st, driver.NewestFirst, 10))
	apply(t, st, changes...)
	for _, e := range []filter.Expr{
		filter.Search("lovelace"), filter.LastSeenAt.Before(epoch.AddDate(1, 0, 0)), filter.Attr("n").AtLeast(1), filter.Name.HasSuffix("e"),
		filter.Or(filter.Search("x"), filter.Not(filter.Attr("n").AtLeast(1))),
	} {
		where, err := filter.Bind(e, g.Env())
		require.NoError(t, err)
		// The first two calls of Err come before the scan, so the context is canceled during the scan.
		_, err = st.CountVisitors(&endingContext{Context: context.Background(), left: 2}, acme, where, 0)
		require.ErrorIs(t, err, context.Canceled, "%#v", e)
		_, err = st.FindVisitors(&endingContext{Context: context.Background(), left: 2}, acme, driver.Select{Where: where, Order: driver.NameAZ, Limit: 5})
		require.ErrorIs(t, err, context.Canceled, "%#v", e)
	}
}

func TestReadersSeeAllChangesOfAnApplyOrNone(t *testing.T) {
	t.Parallel()
	st := New()
	red := tag.Tag{ID: tag.NewID(epoch), Name: "red", Color: "#ff0000", CreatedAt: epoch}
	blue := tag.Tag{ID: tag.NewID(epoch), Name: "blue", Color: "#0000ff", CreatedAt: epoch}
	apply(t, st, driver.CreateTag{Tag: red}, driver.CreateTag{Tag: blue})
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
				_, err := st.Apply(ctx, acme, []driver.Change{
					driver.CreateVisitor{Visitor: v, Tags: []string{"red"}}, driver.AddTags{ID: v.ID, Tags: []string{"blue"}},
				})
				require.NoError(t, err)
				if i%3 == 0 {
					_, err = st.Apply(ctx, acme, []driver.Change{driver.DeleteVisitor{ID: v.ID}})
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
				require.Zero(t, n, "some of the changes of an Apply were visible without the others")
				page, err := st.FindVisitors(ctx, acme, driver.Select{Where: search, Order: driver.Orders()[worker], Limit: 20})
				require.NoError(t, err)
				for _, v := range page {
					require.Len(t, v.Tags, 2)
				}
				_, err = st.Facets(ctx, acme, search)
				require.NoError(t, err)
				_, err = st.Events(ctx, acme, driver.EventQuery{Limit: 50})
				require.NoError(t, err)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	requireConsistent(t, workspaceOf(t, st, acme))
	n, err := st.CountVisitors(ctx, acme, search, 0)
	require.NoError(t, err)
	require.EqualValues(t, 4*100, n)
}

func TestInvalidQueriesAreRefused(t *testing.T) {
	t.Parallel()
	st := New()
	all := bind(t, filter.All())
	for _, q := range []driver.Select{
		{Where: all, Order: "sideways", Limit: 1},
		{Where: all, Order: driver.NewestFirst},
		{Where: all, Order: driver.NewestFirst, Limit: 1, After: &driver.Position{ID: "7"}},
	} {
		_, err := st.FindVisitors(context.Background(), acme, q)
		require.ErrorIs(t, err, driver.ErrInvalid)
	}
	for _, c := range []driver.Change{nil, driver.CreateVisitor{Visitor: visitor.Visitor{ID: "7", Name: "Ada"}}} {
		_, err := st.Apply(context.Background(), acme, []driver.Change{c})
		require.Error(t, err)
	}
	require.Empty(t, names(t, st, driver.NewestFirst, 10))
}
