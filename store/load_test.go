package store_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// strict is a store with stricter rules than the workspace: it refuses the
// tag "secret" and visitors on Telegram.
type strict struct{ store.Store }

func (s strict) Apply(ctx context.Context, ws store.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	for i, c := range changes {
		switch c := c.(type) {
		case driver.EnsureTag:
			if c.Tag.Name == "secret" {
				return nil, &driver.ChangeError{Index: i, Err: &visitor.FieldError{Field: "tag", Reason: "not allowed here"}}
			}
		case driver.CreateVisitor:
			if c.Visitor.Source == visitor.Telegram {
				return nil, &driver.ChangeError{Index: i, Err: &visitor.FieldError{Field: "source", Reason: "not allowed here"}}
			}
		}
	}
	return s.Store.Apply(ctx, ws, changes)
}

func TestLoadLeavesOutWhatTheStoreRefuses(t *testing.T) {
	t.Parallel()
	drafts := []visitor.Draft{
		{Name: "Ada", Source: visitor.Chat},
		{Name: "Bob", Source: visitor.Telegram, Tags: []string{"new"}},
		{Name: "Cleo", Source: visitor.Chat, Tags: []string{"lead", "secret", "vip"}},
		{Name: "Dan", Source: visitor.Chat, Tags: []string{"new", "vip"}},
		{Name: "Eve", Source: visitor.Chat, Tags: []string{"secret"}},
		{Name: "Fay", Source: visitor.Chat, Tags: []string{"lead"}},
	}
	for _, batch := range []int{1, 2, 3, 100} {
		ws, err := store.Open(strict{memory.New()}, "acme", &store.Options{Now: clock()})
		require.NoError(t, err)
		refused := map[int]error{}
		done, err := ws.Load(t.Context(), sequence(drafts, nil), &store.LoadOptions{Batch: batch, Refused: func(i int, err error) { refused[i] = err }})
		require.NoError(t, err)
		require.Equal(t, store.Loaded{Created: 3, Refused: 3}, done)
		require.ErrorContains(t, refused[1], "source: not allowed here")
		require.ErrorIs(t, refused[1], store.ErrInvalid)
		require.ErrorContains(t, refused[2], "tag: not allowed here")
		require.Contains(t, refused, 4)
		page, err := ws.Find(t.Context(), store.Query{Where: filter.All(), Order: store.NameAZ})
		require.NoError(t, err)
		require.Equal(t, []string{"Ada", "Dan", "Fay"}, names(page), fmt.Sprint("batches of ", batch))
		n, err := ws.Count(t.Context(), filter.Or(filter.Tag.HasAll("new", "vip"), filter.Tag.Has("lead")))
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
	}
}

func TestLoadReturnsTheErrorOfItsSource(t *testing.T) {
	t.Parallel()
	ctx, ws := t.Context(), open(t, nil)
	cut := errors.New("connection lost")
	var drafts []visitor.Draft
	for i := range 7 {
		drafts = append(drafts, visitor.Draft{Name: fmt.Sprint("Bob ", i), Source: visitor.Chat})
	}
	done, err := ws.Load(ctx, sequence(drafts, cut), &store.LoadOptions{Batch: 3})
	require.ErrorIs(t, err, cut)
	require.EqualError(t, err, "load visitors: connection lost")
	require.Equal(t, store.Loaded{Created: 7}, done)
	n, err := ws.Count(ctx, filter.All())
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
}

// sequence iterates over drafts, and then returns the error, if any.
func sequence(drafts []visitor.Draft, err error) iter.Seq2[visitor.Draft, error] {
	return func(yield func(visitor.Draft, error) bool) {
		for _, d := range drafts {
			if !yield(d, nil) {
				return
			}
		}
		if err != nil {
			yield(visitor.Draft{}, err)
		}
	}
}
