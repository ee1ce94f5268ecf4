package faulttest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/storetest"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// EachIndex runs f with the options of an index in every workspace. With -storetest.full, also
// with those of indexes that are evicted after each call, and without index.
func EachIndex(t *testing.T, f func(*testing.T, driver.IndexOptions)) {
	modes := map[string]driver.IndexOptions{"always": {MinVisitors: 1}}
	if storetest.Full() {
		modes["evicted all the time"] = driver.IndexOptions{MinVisitors: 1, MaxBytes: 1}
		modes["off"] = driver.IndexOptions{Off: true}
	}
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, o)
		})
	}
}

// Following makes each driver call of a count, of facets and of a page fail, in each mode, after
// another store has changed the workspace, so that the index of the store follows these changes
// meanwhile. The result is right or an error, and check finds nothing wrong with the index. Without
// -fault.every=1 it makes some calls fail.
func Following(t *testing.T, e Engine, check func(context.Context, driver.Store, driver.WorkspaceID) error) {
	const ws = "acme"
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	vip := tag.Tag{ID: tag.NewID(at), Name: "vip", CreatedAt: at}
	team := group.Group{ID: group.NewID(at), Name: "Team", CreatedAt: at}
	env := filter.Env{Tags: map[string]tag.ID{"vip": vip.ID}}
	e.forms(t, func(t *testing.T, f Form) {
		for _, how := range modes() {
			t.Run(how.name, func(t *testing.T) {
				t.Parallel()
				b := e.bench(t, f)
				other, err := f.Open(t.Context(), b.plain)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, other.Close()) })
				apply := func(changes ...driver.Change) {
					_, err := other.Apply(t.Context(), ws, changes)
					require.NoError(t, err)
				}
				apply(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team})
				var ids []visitor.ID
				for n := 1; ; n += max(1, *everyFlag/4) {
					failed := 0
					for _, read := range readings(t, &env) {
						created := at.Add(time.Duration(len(ids)) * time.Second)
						id := visitor.NewID(created)
						v := visitor.Visitor{ID: id, Name: fmt.Sprint("Ada ", n), Source: visitor.Chat, CreatedAt: created, UpdatedAt: created, Revision: 1}
						ids = append(ids, id)
						apply(driver.CreateVisitor{Visitor: v, Tags: []string{"vip"}, Groups: []group.ID{team.ID}})
						if len(ids) > 3 { // few stay, so that the number of calls does not grow
							apply(driver.DeleteVisitor{ID: ids[len(ids)-4]}, driver.RemoveTags{ID: id, Tags: []string{"vip"}},
								driver.DeleteTag{ID: vip.ID}, driver.CreateTag{Tag: vip}, driver.AddTags{ID: ids[len(ids)-2], Tags: []string{"vip"}})
						}
						want, err := read(t.Context(), other, ws)
						require.NoError(t, err)
						ctx, cancel := context.WithCancel(t.Context())
						b.c.Set(how.plan(n, cancel))
						got, err := read(ctx, b.st, ws)
						failed += b.c.Failed()
						b.c.Set(nil)
						cancel()
						b.idle(t)
						if err == nil {
							require.Equal(t, want, got, "when call %d %s", n, how.name)
						} else {
							require.Positive(t, failed, "failed without a fault: %v", err)
						}
						require.NoError(t, check(t.Context(), b.st, ws), "after call %d %s", n, how.name)
					}
					if failed == 0 {
						t.Logf("up to call %d failed", n-1)
						require.True(t, n > 1 || how.commits)
						return
					}
				}
			})
		}
	})
}

// Uncommitted counts in a transaction of the host and beside it. The index of the store never has
// what is not committed.
func Uncommitted(t *testing.T, st driver.Store, check func(context.Context, driver.Store, driver.WorkspaceID) error) {
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	count := func(ws *store.Workspace) int64 {
		n, err := ws.Count(t.Context(), filter.Source.Is(visitor.Chat))
		require.NoError(t, err)
		return n
	}
	create := func(ws *store.Workspace) {
		_, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat})
		require.NoError(t, err)
	}
	create(ws)
	require.EqualValues(t, 1, count(ws))
	for _, result := range []error{nil, errors.New("rolled back")} {
		before := count(ws)
		err := st.(driver.Transactor).Transact(t.Context(), func(_ *sql.Tx, inside driver.Store) error {
			in, err := store.Open(inside, "acme", nil)
			require.NoError(t, err)
			for n := range int64(3) {
				create(in)
				require.Equal(t, before+n+1, count(in), "inside")
				require.Equal(t, before, count(ws), "outside")
			}
			return result
		})
		require.Equal(t, result, err)
	}
	require.EqualValues(t, 4, count(ws))
	require.NoError(t, check(t.Context(), st, "acme"))
}

// readings are the calls that an index answers.
func readings(t *testing.T, env *filter.Env) []func(context.Context, driver.Store, driver.WorkspaceID) (any, error) {
	where, err := filter.Bind(filter.And(filter.Source.Is(visitor.Chat), filter.Tag.Has("vip"), filter.Name.Contains("a")), env)
	require.NoError(t, err)
	return []func(context.Context, driver.Store, driver.WorkspaceID) (any, error){
		func(ctx context.Context, st driver.Store, ws driver.WorkspaceID) (any, error) {
			return st.CountVisitors(ctx, ws, where, 0)
		},
		func(ctx context.Context, st driver.Store, ws driver.WorkspaceID) (any, error) {
			return st.(driver.Faceter).Facets(ctx, ws, where)
		},
		func(ctx context.Context, st driver.Store, ws driver.WorkspaceID) (any, error) {
			return st.FindVisitors(ctx, ws, driver.Select{Where: where, Order: driver.RecentlyUpdated, Limit: 10})
		},
	}
}
