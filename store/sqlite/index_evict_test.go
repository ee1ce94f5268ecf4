//go:build cgo

package sqlite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/store/sqlite"
)

// TestIndexesAreEvicted counts in two workspaces with memory for one index, also if small workspaces
// have an index.
func TestIndexesAreEvicted(t *testing.T) {
	p := newPair(t)
	require.NoError(t, crowd.New(3_000).Load(t.Context(), p.plain, "other"))
	all := crowd.Bind(t, filter.All(), nil)
	for _, minVisitors := range []int{2_500, 100} {
		p.indexed = p.open(store.IndexOptions{MinVisitors: minVisitors, MaxBytes: 400_000})
		for _, ws := range []driver.WorkspaceID{"acme", "other"} {
			require.Eventually(t, func() bool {
				n, err := p.indexed.CountVisitors(t.Context(), ws, all, 0)
				require.NoError(t, err)
				require.EqualValues(t, 3_000, n)
				return sqlite.CheckIndex(t.Context(), p.indexed, ws) == nil
			}, time.Minute, time.Millisecond)
		}
		for range 50 {
			require.ErrorIs(t, sqlite.CheckIndex(t.Context(), p.indexed, "acme"), sqlstore.ErrNoIndex, "it is not built again at once")
			time.Sleep(2 * time.Millisecond)
		}
		p.compare()
	}
}

// TestCloseWhileAnIndexIsBuilt closes stores at random moments of a build.
func TestCloseWhileAnIndexIsBuilt(t *testing.T) {
	p := newPair(t)
	all := crowd.Bind(t, filter.All(), nil)
	for n := range 20 {
		st, err := sqlite.Open(t.Context(), p.path, &sqlite.Options{Index: store.IndexOptions{MinVisitors: 100}})
		require.NoError(t, err)
		for range 2 {
			_, err = st.CountVisitors(t.Context(), "acme", all, 0)
			require.NoError(t, err)
			time.Sleep(time.Duration(n) * 5 * time.Millisecond)
		}
		require.NoError(t, st.Close())
		_, err = st.CountVisitors(t.Context(), "acme", all, 0)
		require.ErrorIs(t, err, store.ErrClosed)
	}
	p.compare()
	p.settle()
}
