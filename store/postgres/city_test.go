package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
)

// city is a database with a crowd in the workspace acme, and a small one in each of some others.
// It has its own server, with more memory than the defaults.
type city struct {
	*postgres.Store
	off    *postgres.Store // without index
	db     *sql.DB
	size   int
	env    *filter.Env
	server string // its dsn
	copies int
}

var (
	citiesLock sync.Mutex
	cities     = map[int]*city{}
)

// cityOf returns the database with that many visitors, which is created once.
func cityOf(tb testing.TB, size int) *city {
	citiesLock.Lock()
	defer citiesLock.Unlock()
	if c := cities[size]; c != nil {
		return c
	}
	ctx := context.Background()
	c := &city{size: size, server: pgtest.SharedServer(tb, "shared_buffers=1GB")}
	run(tb, c.server, "CREATE DATABASE crowd")
	st, err := postgres.Open(ctx, c.server+" dbname=crowd", &postgres.Options{NoSearchIndex: true})
	require.NoError(tb, err)
	for ws, size := range map[driver.WorkspaceID]int{"acme": size, "other-1": size / 10, "other-2": size / 100} {
		require.NoError(tb, crowd.New(size).Load(ctx, st, ws))
	}
	require.NoError(tb, st.IndexSearch(ctx))
	c.env, err = crowd.EnvOf(ctx, st, "acme", size)
	require.NoError(tb, err)
	require.NoError(tb, st.Close())
	run(tb, c.server+" dbname=crowd", "VACUUM (ANALYZE)")
	dsn := c.copied(tb)
	c.Store, err = postgres.Open(ctx, dsn, &postgres.Options{Index: benchIndex(true)})
	require.NoError(tb, err)
	c.off, err = postgres.Open(ctx, dsn, &postgres.Options{Index: benchIndex(false)})
	require.NoError(tb, err)
	c.db, err = sql.Open("pgx", dsn)
	require.NoError(tb, err)
	cities[size] = c
	return c
}

// copied copies the database, and returns the dsn of the copy.
func (c *city) copied(tb testing.TB) string {
	c.copies++
	name := fmt.Sprint("copy_", c.copies)
	run(tb, c.server, "CREATE DATABASE "+name+" TEMPLATE crowd", "CHECKPOINT")
	return c.server + " dbname=" + name
}

// benchIndex returns the options of a store with an index, also of a small city, or without.
func benchIndex(is bool) store.IndexOptions { return store.IndexOptions{Off: !is, MinVisitors: 5_000} }

func (c *city) bind(tb testing.TB, e filter.Expr) filter.Bound {
	tb.Helper()
	return crowd.Bind(tb, e, c.env)
}
