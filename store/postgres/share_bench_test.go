package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
)

// BenchmarkShared measures shared commits on a server with fsync.
func BenchmarkShared(b *testing.B) {
	dsn := pgtest.NewServer(b, "fsync=on", "full_page_writes=on")
	require.Equal(b, "on", ask[string](b, dsn, "SHOW synchronous_commit"))
	n := 0
	crowd.Share(b, func(b *testing.B) driver.Store {
		n++
		name := fmt.Sprint("shared", n)
		run(b, dsn, "CREATE DATABASE "+name, "CHECKPOINT")
		st, err := postgres.Open(b.Context(), dsn+" dbname="+name, nil)
		require.NoError(b, err)
		return st
	}, 16, 64, 128)
}
