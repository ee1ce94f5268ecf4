package sqlite_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
)

var keep = flag.String("sqlite.data", "", "folder that keeps benchmark databases; default: a temporary one")

// city is an opened database with a crowd in the workspace acme.
type city struct {
	*sqlite.Store
	off  *sqlite.Store // without index
	path string
	size int
	env  *filter.Env
}

var (
	citiesLock sync.Mutex
	cities     = map[int]*city{}
)

// cityOf returns the database with that many visitors, which is created once.
func cityOf(t testing.TB, size int) *city {
	citiesLock.Lock()
	defer citiesLock.Unlock()
	if c := cities[size]; c != nil {
		return c
	}
	ctx := context.Background()
	folder := *keep
	if folder == "" {
		var err error
		folder, err = os.MkdirTemp("", "visitors")
		require.NoError(t, err)
		temporary = append(temporary, folder)
	}
	path := filepath.Join(folder, fmt.Sprintf("%d.db", size))
	st, err := sqlite.Open(ctx, path, &sqlite.Options{RelaxedDurability: true, Index: benchIndex(true)})
	require.NoError(t, err)
	n, err := st.CountVisitors(ctx, "acme", crowd.Bind(t, filter.All(), nil), 0)
	require.NoError(t, err)
	if n == 0 {
		require.NoError(t, crowd.New(size).Load(ctx, st, "acme"))
	}
	env, err := crowd.EnvOf(ctx, st, "acme", size)
	require.NoError(t, err)
	off, err := sqlite.Open(ctx, path, &sqlite.Options{RelaxedDurability: true, Index: benchIndex(false)})
	require.NoError(t, err)
	c := &city{Store: st, off: off, path: path, size: size, env: env}
	cities[size] = c
	return c
}

// benchIndex returns the options of a store with an index, also of a small city, or without.
func benchIndex(is bool) store.IndexOptions { return store.IndexOptions{Off: !is, MinVisitors: 5_000} }

func (c *city) bind(tb testing.TB, e filter.Expr) filter.Bound {
	tb.Helper()
	return crowd.Bind(tb, e, c.env)
}

// eachSize runs a benchmark in cities of several sizes.
func eachSize(b *testing.B, run func(*testing.B, *city)) {
	crowd.Sizes(b, func(b *testing.B, size int) { run(b, cityOf(b, size)) })
}

var temporary []string

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, c := range cities {
		c.Close()
		c.off.Close()
	}
	for _, folder := range temporary {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}
