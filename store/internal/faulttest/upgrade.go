package faulttest

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

var updateFlag = flag.Bool("fault.update", false, "write the filled database of the newest schema version to testdata")

// Upgrade opens filled databases of every schema version, as they were kept in
// testdata/schema when that version was the newest, and finds in them what was in them then
// (NNNN.txt). Their tables are those of a new database, and can be written to.
//
// When a version is added, run the test once with -fault.update, and keep the new files. The
// files of older versions are never written again.
func Upgrade(t *testing.T, e Engine) {
	source := e.Source(t)
	st, err := e.Open(t.Context(), source)
	require.NoError(t, err)
	fresh := e.plain(t, source)
	newest := newestVersion(t, fresh)
	if *updateFlag {
		e.keep(t, st, source, newest)
	}
	require.NoError(t, st.Close())
	for version := 1; version <= newest; version++ {
		t.Run(fmt.Sprintf("from version %d", version), func(t *testing.T) {
			e.upgrade(t, version, newest, e.Schema(t, fresh))
		})
	}
}

func newestVersion(t testing.TB, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT max(version) FROM visitors_schema").Scan(&n))
	return n
}

func kept(version int, end string) string {
	return filepath.Join("testdata", "schema", fmt.Sprintf("%04d.%s", version, end))
}

// keep fills a database and writes it down.
func (e Engine) keep(t *testing.T, st store.Store, source string, version int) {
	require.NoError(t, os.MkdirAll(filepath.Dir(kept(version, "")), 0o755))
	w := makeWorld(t, st, workspace)
	for _, m := range methods() {
		switch m.name {
		case "Create", "Update", "Tag", "Untag", "CreateTag", "CreateGroup", "Leave", "Load", "Capture", "Merge", "Link":
			_, err := m.call(t.Context(), w)
			require.NoError(t, err)
		}
	}
	require.NoError(t, os.WriteFile(kept(version, "txt"), []byte(w.picture(t)), 0o644))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(e.Dump(t, source))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(kept(version, "gz"), packed.Bytes(), 0o644))
}

func (e Engine) upgrade(t *testing.T, version, newest int, schema string) {
	packed, err := os.ReadFile(kept(version, "gz"))
	require.NoError(t, err, "run once with -fault.update")
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	dump, err := io.ReadAll(z)
	require.NoError(t, err)
	want, err := os.ReadFile(kept(version, "txt"))
	require.NoError(t, err)

	source := e.Restore(t, dump)
	db := e.plain(t, source)
	require.Equal(t, version, newestVersion(t, db), "version of the kept database")
	st, err := e.Open(t.Context(), source)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.Equal(t, newest, newestVersion(t, db))
	require.Equal(t, schema, e.Schema(t, db))

	ws, err := store.Open(st, workspace, nil)
	require.NoError(t, err)
	w := &world{Workspace: ws}
	require.Equal(t, string(want), w.picture(t))
	e.Sound(t, db)

	// An event that was taken in stays so, and a merge can be undone.
	if version >= 2 {
		again, err := ws.Capture(t.Context(), unknown)
		require.NoError(t, err)
		require.Equal(t, store.SeenBefore, again.Reason)
		for e, err := range ws.Events(t.Context(), 0) {
			require.NoError(t, err)
			if e.Kind == store.VisitorMerged {
				survivor, restored, err := ws.Unmerge(t.Context(), e.Other)
				require.NoError(t, err)
				require.Equal(t, []visitor.ID{e.Visitor, e.Other}, []visitor.ID{survivor.ID, restored.ID})
			}
		}
		e.Sound(t, db)
	}

	// What is there can be found, changed and deleted, and new ones made.
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		first, _, _ := strings.Cut(v.Name, " ")
		page, err := ws.Find(t.Context(), store.Query{Where: filter.And(filter.Search(first), filter.ID.Is(v.ID))})
		require.NoError(t, err)
		require.Len(t, page.Visitors, 1, "search for a name")
		_, err = ws.Update(t.Context(), v.ID, visitor.Patch{Name: ptr("New " + v.Name)})
		require.NoError(t, err)
		_, err = ws.Tag(t.Context(), []string{"upgraded"}, v.ID)
		require.NoError(t, err)
		n, err := ws.Count(t.Context(), filter.And(filter.Search("new "+first), filter.Tag.Has("upgraded")))
		require.NoError(t, err)
		require.NotZero(t, n)
		_, err = ws.Delete(t.Context(), v.ID)
		require.NoError(t, err)
	}
	n, err := ws.Count(context.Background(), filter.Search("new"))
	require.NoError(t, err)
	require.Zero(t, n)
	newWorld(t, st)
	e.Sound(t, db)
}
