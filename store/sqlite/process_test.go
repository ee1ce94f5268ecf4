package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

const perProcess = 150

// writeBeside creates visitors, all with one new tag, in the file at a path, and counts those of
// this process after each, and of the other ones never fewer than before. They are counted by an
// index in each process.
func writeBeside(ctx context.Context, path, who string) error {
	st, err := sqlite.Open(ctx, path, &sqlite.Options{Index: store.IndexOptions{MinVisitors: 1}})
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := store.Open(st, "acme", nil)
	if err != nil {
		return err
	}
	source, shared := visitor.Chat, int64(0)
	if who == "child" {
		source = visitor.Telegram
	}
	for i := range perProcess {
		v, err := ws.Create(ctx, visitor.Draft{Name: fmt.Sprint(who, " ", i), Source: source, Tags: []string{"shared"}})
		if err != nil {
			return err
		}
		if _, err := ws.Get(ctx, v.ID); err != nil {
			return err
		}
		for _, own := range []filter.Expr{filter.Source.Is(source), filter.Search(who)} {
			if n, err := ws.Count(ctx, own); err != nil || n != int64(i)+1 {
				return fmt.Errorf("%s counts %d own visitors of %d: %w", who, n, i+1, err)
			}
		}
		all, err := ws.Facets(ctx, filter.Tag.Has("shared"))
		if err != nil || all.Total <= shared {
			return fmt.Errorf("%s counts %d after %d: %w", who, all.Total, shared, err)
		}
		shared = all.Total
	}
	return st.Close()
}

// TestTwoProcessesShareAFile runs the test binary a second time: both processes create the file,
// migrate it and write to it at the same time.
func TestTwoProcessesShareAFile(t *testing.T) {
	const pathOf = "VISITORS_TEST_SHARED_FILE"
	if path := os.Getenv(pathOf); path != "" {
		require.NoError(t, writeBeside(t.Context(), path, "child"))
		return
	}
	path := filepath.Join(t.TempDir(), "visitors.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), pathOf+"="+path)
	out := make(chan error, 1)
	go func() {
		said, err := child.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, said)
		}
		out <- err
	}()
	require.NoError(t, writeBeside(t.Context(), path, "parent"))
	require.NoError(t, <-out)

	st, err := sqlite.Open(t.Context(), path, &sqlite.Options{Index: store.IndexOptions{MinVisitors: 1}})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	for _, e := range []filter.Expr{filter.All(), filter.Tag.Has("shared"), filter.Or(filter.Search("child"), filter.Search("parent"))} {
		n, err := ws.Count(t.Context(), e)
		require.NoError(t, err)
		require.EqualValues(t, 2*perProcess, n)
	}
	require.NoError(t, sqlite.CheckIndex(t.Context(), st, "acme"))
	last := driver.Seq(0)
	for e, err := range ws.Events(t.Context(), 0) {
		require.NoError(t, err)
		require.Equal(t, last+1, e.Seq, "a gap between events")
		last = e.Seq
	}
	require.EqualValues(t, 2*perProcess+1, last, "one for each visitor, one for the tag")
}
