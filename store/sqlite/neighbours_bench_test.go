package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
)

// BenchmarkNeighbours measures one workspace with other workspaces in the same file.
func BenchmarkNeighbours(b *testing.B) {
	crowd.Neighbours(b, func() driver.Store {
		st, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "visitors.db"), &sqlite.Options{RelaxedDurability: true})
		require.NoError(b, err)
		b.Cleanup(func() { st.Close() })
		return st
	}, func(driver.Store) {})
}
