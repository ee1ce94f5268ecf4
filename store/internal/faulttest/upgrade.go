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
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var updateFlag = flag.Bool("fault.update", false, "write the filled database of the newest schema version to testdata")

// Upgrade opens databases of every schema version, which the release of that version wrote to
// testdata/schema (NNNN.gz). Their content must equal what that release read (NNNN.txt), also
// after every merge is undone (NNNN.unmerged.txt), and their schema that of a new database.
//
// When a version is added, run the test once with -fault.update, and commit the new files. Files
// of older versions can only be written by their releases.
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

func schemaFile(version int, end string) string {
	return filepath.Join("testdata", "schema", fmt.Sprintf("%04d.%s", version, end))
}

// keep fills a database and writes its files.
func (e Engine) keep(t *testing.T, st driver.Store, source string, version int) {
	require.NoError(t, os.MkdirAll(filepath.Dir(schemaFile(version, "")), 0o755))
	w := makeWorld(t, st, workspace).withConsents(t)
	for _, m := range methods() {
		switch m.name {
		case "Create", "Update", "Tag", "Untag", "CreateTag", "CreateGroup", "RemoveFromGroup", "Load", "Capture", "Merge", "Link":
			_, err := m.call(t.Context(), w)
			require.NoError(t, err)
		}
	}
	w.mergeUnverified(t)
	require.NoError(t, os.WriteFile(schemaFile(version, "txt"), []byte(w.snapshot(t)), 0o644))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(e.Dump(t, source))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(schemaFile(version, "gz"), packed.Bytes(), 0o644))
	w.unmergeAll(t)
	require.NoError(t, os.WriteFile(schemaFile(version, "unmerged.txt"), []byte(w.snapshot(t)), 0o644))
}

// mergeUnverified merges two visitors of whom one has an actor, a cause, a membership, an
// exclusion and unverified fields, and creates another visitor with an unverified field.
func (w *world) mergeUnverified(t *testing.T) {
	ctx := t.Context()
	acting, err := w.WithActor("ann", "import")
	require.NoError(t, err)
	fred, err := w.Create(ctx, visitor.Draft{
		Name: "Fred", Source: visitor.Chat, Tags: []string{"vip"}, Groups: []group.ID{w.team}, CreatedAt: start.Add(-4 * time.Hour),
	})
	require.NoError(t, err)
	eve, err := acting.Capture(ctx, visitor.Contact{
		Source: visitor.Chat, Account: "site", Inbox: "site", ExternalID: "e:1", Name: "Eve", Email: "eve@example.com", Unverified: true,
		Attributes: visitor.Attributes{"claimed": visitor.Text("by nobody")}, OccurredAt: start.Add(-time.Minute),
	})
	require.NoError(t, err)
	_, err = acting.Tag(ctx, []string{"lead"}, eve.Visitor.ID)
	require.NoError(t, err)
	_, err = acting.AddToGroup(ctx, w.team, eve.Visitor.ID)
	require.NoError(t, err)
	_, err = acting.RemoveFromGroup(ctx, w.leads, eve.Visitor.ID)
	require.NoError(t, err)
	_, err = w.Merge(ctx, fred.ID, eve.Visitor.ID)
	require.NoError(t, err)
	gil, err := w.Capture(ctx, visitor.Contact{
		Source: visitor.Chat, Account: "site", Inbox: "site", ExternalID: "g:1", Name: "Gil", Unverified: true, OccurredAt: start.Add(-time.Minute),
	})
	require.NoError(t, err)
	require.True(t, gil.Visitor.Provenance["name"].Unverified)
}

// unmergeAll undoes every merge.
func (w *world) unmergeAll(t *testing.T) {
	for _, e := range w.allEvents(t) {
		if e.Kind == store.VisitorMerged {
			survivor, restored, err := w.Unmerge(t.Context(), e.Other)
			require.NoError(t, err)
			require.Equal(t, []visitor.ID{e.Visitor, e.Other}, []visitor.ID{survivor.ID, restored.ID})
		}
	}
}

func (w *world) allEvents(t *testing.T) (events []store.Event) {
	require.NoError(t, each(w.Events(t.Context(), 0), func(e store.Event) { events = append(events, e) }))
	return events
}

// requireHistories compares the events of each visitor with all events.
func (w *world) requireHistories(t *testing.T) {
	histories := map[visitor.ID][]store.Event{}
	for _, e := range w.allEvents(t) {
		for _, id := range []visitor.ID{e.Visitor, e.Other} {
			if id != "" {
				histories[id] = append(histories[id], e)
			}
		}
	}
	for id, want := range histories {
		var got []store.Event
		require.NoError(t, each(w.EventsOf(t.Context(), id), func(e store.Event) { got = append(got, e) }))
		require.Equal(t, want, got)
	}
}

func (e Engine) upgrade(t *testing.T, version, newest int, schema string) {
	packed, err := os.ReadFile(schemaFile(version, "gz"))
	require.NoError(t, err, "run once with -fault.update")
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	dump, err := io.ReadAll(z)
	require.NoError(t, err)
	want, err := os.ReadFile(schemaFile(version, "txt"))
	require.NoError(t, err)

	source := e.Restore(t, dump)
	db := e.plain(t, source)
	require.Equal(t, version, newestVersion(t, db), "version of the kept database")
	st, err := e.Open(t.Context(), source)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.Equal(t, newest, newestVersion(t, db))
	require.Equal(t, schema, e.Schema(t, db))

	w := openWorld(t, st, workspace)
	require.Equal(t, string(want), w.snapshot(t))
	w.requireHistories(t)
	e.Consistent(t, db)
	if version >= 2 {
		again, err := w.Capture(t.Context(), unknown)
		require.NoError(t, err)
		require.Equal(t, store.AlreadyProcessed, again.Reason)
		want, err := os.ReadFile(schemaFile(version, "unmerged.txt"))
		require.NoError(t, err)
		w.unmergeAll(t)
		require.Equal(t, string(want), w.snapshot(t))
		w.requireHistories(t)
		e.Consistent(t, db)
	}
	w.requireWritable(t)
	newWorld(t, st)
	e.Consistent(t, db)
}

// requireWritable finds, changes and deletes every visitor.
func (w *world) requireWritable(t *testing.T) {
	for v, err := range w.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		first, _, _ := strings.Cut(v.Name, " ")
		page, err := w.Find(t.Context(), store.Query{Where: filter.And(filter.Search(first), filter.ID.Is(v.ID))})
		require.NoError(t, err)
		require.Len(t, page.Visitors, 1, "search for a name")
		_, err = w.Update(t.Context(), v.ID, visitor.Patch{Name: ptr("New " + v.Name)})
		require.NoError(t, err)
		_, err = w.Tag(t.Context(), []string{"upgraded"}, v.ID)
		require.NoError(t, err)
		n, err := w.Count(t.Context(), filter.And(filter.Search("new "+first), filter.Tag.Has("upgraded")))
		require.NoError(t, err)
		require.NotZero(t, n)
		_, err = w.Delete(t.Context(), v.ID)
		require.NoError(t, err)
	}
	n, err := w.Count(context.Background(), filter.Search("new"))
	require.NoError(t, err)
	require.Zero(t, n)
}
