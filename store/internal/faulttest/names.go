package faulttest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Names tests that the names of tags, which a store keeps in memory, are those in the database:
// at once after another store has changed them, inside of a host's transaction and after its
// rollback, and in a workspace with more tags than a store keeps.
func Names(t *testing.T, e Engine) {
	for name, tags := range map[string]int{"few tags": 3, "very many tags": 2_050} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e.names(t, tags)
		})
	}
}

func (e Engine) names(t *testing.T, many int) {
	ctx := t.Context()
	source := e.Source(t)
	var stores []driver.Store
	var workspaces []*world
	for range 2 {
		st, err := e.Open(ctx, source)
		require.NoError(t, err)
		defer func() { require.NoError(t, st.Close()) }()
		stores = append(stores, st)
		workspaces = append(workspaces, openWorld(t, st, "names"))
	}
	here, there := workspaces[0], workspaces[1]
	var changes []driver.Change
	for n := range many {
		changes = append(changes, driver.EnsureTag{Tag: tag.Tag{ID: tag.NewID(start), Name: fmt.Sprint("Tag ", n), Color: "#112233", CreatedAt: start}})
	}
	_, err := stores[0].Apply(ctx, "names", changes)
	require.NoError(t, err)
	v, err := here.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat, Tags: []string{"Tag 0", "Tag 1"}})
	require.NoError(t, err)

	read := func(w *world) (names []string) {
		t.Helper()
		got, err := w.Get(ctx, v.ID)
		require.NoError(t, err)
		page, err := w.Find(ctx, store.Query{Where: filter.All()})
		require.NoError(t, err)
		require.Equal(t, []visitor.Visitor{got}, page.Visitors)
		for _, a := range got.Tags {
			names = append(names, a.Name)
		}
		return names
	}
	everywhere := func(want ...string) {
		t.Helper()
		require.Equal(t, want, read(here))
		require.Equal(t, want, read(there))
	}
	everywhere("Tag 0", "Tag 1")
	first := v.Tags[0].Tag
	for n := range 3 {
		name := fmt.Sprint("A", n)
		_, err := workspaces[n%2].UpdateTag(ctx, first, tag.Patch{Name: &name})
		require.NoError(t, err)
		everywhere(name, "Tag 1")
	}
	require.NoError(t, there.DeleteTag(ctx, first))
	everywhere("Tag 1")
	n, err := here.Count(ctx, filter.Not(filter.Tag.Exists()))
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = there.Tag(ctx, []string{"A2"}, v.ID) // creates it again
	require.NoError(t, err)
	everywhere("A2", "Tag 1")

	db := e.plain(t, source)
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	inside := openWorld(t, e.InTx(stores[0], tx), "names")
	require.Equal(t, []string{"A2", "Tag 1"}, read(inside))
	_, err = inside.Tag(ctx, []string{"B"}, v.ID)
	require.NoError(t, err)
	second, name := v.Tags[1].Tag, "C"
	_, err = inside.UpdateTag(ctx, second, tag.Patch{Name: &name})
	require.NoError(t, err)
	require.Equal(t, []string{"A2", "B", "C"}, read(inside))
	require.Equal(t, []string{"A2", "Tag 1"}, read(there))
	require.NoError(t, tx.Rollback())
	everywhere("A2", "Tag 1")

	for e, err := range here.Events(context.Background(), 0) {
		require.NoError(t, err)
		for _, id := range e.Tags {
			require.Len(t, id, 36)
		}
		if e.Kind == store.TagDeleted {
			require.Equal(t, []tag.ID{first}, e.Tags)
		}
	}
}
