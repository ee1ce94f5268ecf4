//go:build cgo

package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// pair is two stores on one file with a crowd that is too large for an index within a call: one
// with an index, and one without.
type pair struct {
	*testing.T
	path           string
	indexed, plain *sqlite.Store
	env            *filter.Env
}

func newPair(t *testing.T) *pair {
	t.Parallel()
	p := &pair{T: t, path: filepath.Join(t.TempDir(), "visitors.db")}
	p.plain = p.open(store.IndexOptions{Off: true})
	require.NoError(t, crowd.New(3_000).Load(t.Context(), p.plain, "acme"))
	var err error
	p.env, err = crowd.EnvOf(t.Context(), p.plain, "acme", 3_000)
	require.NoError(t, err)
	p.indexed = p.open(store.IndexOptions{MinVisitors: 100})
	return p
}

func (p *pair) open(o store.IndexOptions) *sqlite.Store {
	st, err := sqlite.Open(p.Context(), p.path, &sqlite.Options{RelaxedDurability: true, Index: o})
	require.NoError(p, err)
	p.Cleanup(func() { require.NoError(p, st.Close()) })
	return st
}

// questions are filters of all kinds.
var questions = []filter.Expr{
	filter.All(),
	filter.And(filter.Source.Is(visitor.Chat), filter.Tag.Has("tag 001")),
	filter.Or(filter.Tag.HasAny("tag 002", "tag 003"), filter.Email.HasSuffix("@example.org")),
	filter.And(filter.Search("ana"), filter.Not(filter.Source.Is(visitor.WhatsApp))),
	filter.UpdatedAt.After(crowd.Start.Add(500 * time.Minute)),
	filter.Group.Exists(),
}

// compare compares the answers of both stores.
func (p *pair) compare() {
	p.Helper()
	ctx := p.Context()
	for _, e := range questions {
		where := crowd.Bind(p, e, p.env)
		want, err := p.plain.CountVisitors(ctx, "acme", where, 0)
		require.NoError(p, err)
		got, err := p.indexed.CountVisitors(ctx, "acme", where, 0)
		require.NoError(p, err)
		require.Equal(p, want, got, "count of %v", e)
		wantFacets, err := p.plain.Facets(ctx, "acme", where)
		require.NoError(p, err)
		gotFacets, err := p.indexed.Facets(ctx, "acme", where)
		require.NoError(p, err)
		maps.DeleteFunc(wantFacets.Tags, func(_ tag.ID, n int64) bool { return n == 0 })
		maps.DeleteFunc(wantFacets.Groups, func(_ group.ID, n int64) bool { return n == 0 })
		require.Equal(p, wantFacets, gotFacets, "facets of %v", e)
		for _, o := range []driver.Order{driver.NewestFirst, driver.RecentlyUpdated, driver.LeastRecentlySeen} {
			sel := driver.Select{Where: where, Order: o, Limit: 20}
			for range 2 {
				want, err := p.plain.FindVisitors(ctx, "acme", sel)
				require.NoError(p, err)
				got, err := p.indexed.FindVisitors(ctx, "acme", sel)
				require.NoError(p, err)
				require.Equal(p, want, got, "page of %v", e)
				if len(want) < sel.Limit {
					break
				}
				last := driver.PositionOf(o, want[len(want)-1])
				sel.After = &last
			}
		}
	}
}

// settle waits until the index is there and equals a new one.
func (p *pair) settle() {
	p.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := sqlite.CheckIndex(p.Context(), p.indexed, "acme")
		if err == nil {
			return
		}
		require.ErrorIs(p, err, sqlstore.ErrNoIndex)
		require.Less(p, time.Since(start), time.Minute)
	}
}

// people returns the first n visitors.
func (p *pair) people(n int) []visitor.Visitor {
	p.Helper()
	sel := driver.Select{Where: crowd.Bind(p, filter.All(), p.env), Order: driver.OldestFirst, Limit: n}
	people, err := p.plain.FindVisitors(p.Context(), "acme", sel)
	require.NoError(p, err)
	require.Len(p, people, n)
	return people
}

func (p *pair) apply(changes []driver.Change) {
	p.Helper()
	_, err := p.plain.Apply(p.Context(), "acme", changes)
	require.NoError(p, err)
}

// change writes an event for each of the first n visitors.
func (p *pair) change(n int, key string) {
	p.Helper()
	var changes []driver.Change
	for _, v := range p.people(n) {
		changes = append(changes, driver.AddTags{ID: v.ID, Tags: []string{key}})
	}
	p.apply(changes)
}

func (p *pair) createTag(name string) {
	p.Helper()
	p.apply([]driver.Change{driver.CreateTag{Tag: tag.Tag{ID: tag.NewID(crowd.Start), Name: name}}})
}

// TestIndexIsBuiltInTheBackground compares answers before, while and after the index is built,
// and after more events than are followed within a call.
func TestIndexIsBuiltInTheBackground(t *testing.T) {
	p := newPair(t)
	p.compare()
	p.compare()
	p.settle()
	p.compare()
	p.settle()
	p.compare()
	for _, name := range []string{"one", "two"} {
		p.createTag(name)
		p.change(3_000, name)
	}
	p.compare()
	p.settle()
	p.compare()
}

// TestIndexIsRenumbered deletes most visitors and creates old ones, so that positions change.
func TestIndexIsRenumbered(t *testing.T) {
	p := newPair(t)
	p.compare()
	p.settle()
	p.compare() // loads the conditions
	p.settle()
	people := p.people(2_200)
	var changes []driver.Change
	for _, v := range people {
		changes = append(changes, driver.DeleteVisitor{ID: v.ID})
	}
	p.apply(changes)
	p.compare()
	p.settle()
	changes = nil
	for i, v := range people[:400] {
		v.ID, v.Tags, v.Memberships, v.Identities = visitor.NewID(v.CreatedAt), nil, nil, nil
		if i%2 == 0 {
			v.Name = "Ana"
		}
		changes = append(changes, driver.CreateVisitor{Visitor: v, Tags: []string{"tag 001"}})
	}
	p.apply(changes)
	p.compare()
	p.settle()
	p.compare()
}

// TestStoredIndex opens a file with a stored index: as it was stored, and damaged.
func TestStoredIndex(t *testing.T) {
	p := newPair(t)
	p.compare()
	p.settle()
	db, err := sql.Open("sqlite3", p.path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	stored := func() (n int) {
		require.NoError(t, db.QueryRow("SELECT count(*) FROM visitors_index").Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return stored() > 0 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, p.indexed.Close())
	p.createTag("later")
	p.change(50, "later")

	// A change that no event records shows that the index was not built.
	chats := crowd.Bind(t, filter.And(filter.Source.Is(visitor.Chat), filter.Tag.Has("tag 000")), p.env)
	count := func() int64 {
		n, err := p.indexed.CountVisitors(t.Context(), "acme", chats, 0)
		require.NoError(t, err)
		return n
	}
	found, err := p.plain.FindVisitors(t.Context(), "acme", driver.Select{Where: chats, Order: driver.NewestFirst, Limit: 1})
	require.NoError(t, err)
	newest := uuid.MustParse(string(found[0].ID))
	exec := func(text string, args ...any) {
		_, err := db.Exec(text, args...)
		require.NoError(t, err, text)
	}
	before, err := p.plain.CountVisitors(t.Context(), "acme", chats, 0)
	require.NoError(t, err)
	exec("UPDATE visitors_visitor SET source = 'telegram' WHERE id = ?", newest[:])
	p.indexed = p.open(store.IndexOptions{MinVisitors: 100})
	require.Equal(t, before-1, count(), "by SQL")
	require.Eventually(t, func() bool { return count() == before }, time.Minute, 10*time.Millisecond)
	require.NoError(t, p.indexed.Close())
	exec("UPDATE visitors_visitor SET source = 'chat' WHERE id = ?", newest[:])

	for _, damage := range []string{
		"UPDATE visitors_index SET body = CAST(substr(body, 1, 5000) || x'00' || substr(body, 5002) AS BLOB)",
		"UPDATE visitors_index SET body = substr(body, 1, length(body) - 1)",
		"UPDATE visitors_index SET seq = seq - 1",
		"UPDATE visitors_index SET stamp = stamp + 1",
		"UPDATE visitors_index SET part = part + 1",
		"UPDATE visitors_index SET body = x''",
		"DELETE FROM visitors_index",
	} {
		exec(damage)
		p.indexed = p.open(store.IndexOptions{MinVisitors: 100})
		p.compare()
		p.settle()
		p.compare()
		require.Eventually(t, func() bool { return stored() > 0 }, time.Minute, 10*time.Millisecond)
		require.NoError(t, p.indexed.Close())
	}
	p.indexed = p.open(store.IndexOptions{MinVisitors: 100})
	p.settle()

	p.apply([]driver.Change{driver.DeleteVisitor{ID: found[0].ID}})
	require.NoError(t, p.plain.Compact(t.Context()))
	require.Zero(t, stored(), "a stored index has what deleted visitors had in common with others")
	p.compare()
	p.settle()
}

// TestIndexNoticesARestoredBackup replaces the database by an older backup while a store is open
// on it, and then writes as many events as the backup lacked, and more.
func TestIndexNoticesARestoredBackup(t *testing.T) {
	p := newPair(t)
	p.createTag("x")
	p.change(10, "x")
	p.compare()
	p.settle()
	backup := filepath.Join(t.TempDir(), "backup.db")
	require.NoError(t, p.plain.Backup(t.Context(), backup))
	for _, more := range []int{0, 100, 101, 200} {
		p.createTag("y")
		p.change(100, "y")
		p.compare()
		p.settle()
		restoreInto(t, backup, p.path)
		if more > 0 {
			p.createTag("z")
			p.change(more, "z")
		}
		p.compare()
		p.settle()
		p.compare()
		restoreInto(t, backup, p.path)
	}
}

// restoreInto replaces the content of a database that is open elsewhere.
func restoreInto(t *testing.T, from, to string) {
	t.Helper()
	ctx := context.Background()
	conn := func(path string) *sql.Conn {
		db, err := sql.Open("sqlite3", path)
		require.NoError(t, err)
		t.Cleanup(func() { db.Close() })
		c, err := db.Conn(ctx)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	source, target := conn(from), conn(to)
	require.NoError(t, target.Raw(func(target any) error {
		return source.Raw(func(source any) error {
			b, err := target.(*sqlite3.SQLiteConn).Backup("main", source.(*sqlite3.SQLiteConn), "main")
			if err != nil {
				return err
			}
			done, err := b.Step(-1)
			if !done {
				err = errors.Join(err, errors.New("not done"))
			}
			return errors.Join(err, b.Finish())
		})
	}))
}
