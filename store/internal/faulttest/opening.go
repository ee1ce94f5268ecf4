package faulttest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/faulty"
)

// Opening makes the n-th driver call fail, for every n, while a store creates its tables and
// opens. Nothing is left open, and the next try continues from there.
func Opening(t *testing.T, e Engine) {
	e.forms(t, func(t *testing.T, f Form) {
		for _, how := range modes() {
			t.Run(how.name, func(t *testing.T) {
				t.Parallel()
				source := e.Source(t)
				n := 1
				for !e.opens(t, f, source, how, n) {
					n++
				}
				t.Logf("%d calls failed", n-1)
				db := e.plain(t, source)
				var versions, steps int
				require.NoError(t, db.QueryRow("SELECT max(version), count(*) FROM visitors_schema").Scan(&versions, &steps))
				require.Equal(t, versions, steps)
				e.Consistent(t, db)
			})
		}
	})
}

// opens tries once, and reports whether no call failed.
func (e Engine) opens(t *testing.T, f Form, source string, how mode, n int) bool {
	c, err := faulty.Wrap(e.Driver, source)
	require.NoError(t, err)
	db := sql.OpenDB(c)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Set(how.plan(n, cancel))
	st, err := f.Open(ctx, db)
	failed := c.Failed() > 0
	c.Set(nil)
	if err == nil {
		newWorld(t, st)
		require.NoError(t, st.Close())
	} else {
		require.True(t, failed, "open failed without a fault: %v", err)
	}
	require.Zero(t, db.Stats().InUse, "connections in use when call %d %s", n, how.name)
	db.Close()
	require.Zero(t, c.Open(), "left open when call %d %s", n, how.name)
	return !failed
}
