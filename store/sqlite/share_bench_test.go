package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
)

// BenchmarkShared measures shared commits with synchronous=FULL.
func BenchmarkShared(b *testing.B) {
	crowd.Share(b, func(b *testing.B) driver.Store {
		st, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "visitors.db"), nil)
		require.NoError(b, err)
		return st
	}, 16, 64, 128)
}
