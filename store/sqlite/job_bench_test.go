package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/storetest"
)

func BenchmarkJobs(b *testing.B) {
	storetest.BenchJobs(b, func(tb testing.TB) driver.Store {
		st, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "visitors.db"), nil)
		require.NoError(tb, err)
		tb.Cleanup(func() { st.Close() })
		return st
	}, 100_000)
}
