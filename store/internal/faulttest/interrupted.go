package faulttest

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulty"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// bulkSpace is a workspace of schema version 4 that is moved in several batches.
const (
	bulkSpace     = "bulk"
	bulkVisitors  = 2_300
	bulkProcessed = 1_100
)

var (
	bulkTag   = tag.ID("018cc251-f400-7000-8000-0000000000aa")
	bulkGone  = tag.ID("018cc251-f400-7000-8000-0000000000ab") // deleted, but events mention it
	bulkGroup = group.ID("018cc251-f400-7000-8000-0000000000ac")
)

// Interrupted interrupts the migration of filled databases of version 4 to the newest one: after
// each commit, at other calls, by SIGKILL, and with several processes at once. It continues when
// a store is opened again, and nothing is lost. refuse opens a store that may not migrate, in the
// middle. The test must do nothing else, because it runs again in child processes.
func Interrupted(t *testing.T, e Engine, refuse func(source string) error) {
	if args := ChildArgs(); args != nil {
		st, err := e.Open(context.Background(), args[0])
		if err == nil {
			err = st.Close()
		}
		fmt.Println("opened:", err)
		os.Exit(0)
	}
	t.Parallel()
	packed, err := os.ReadFile(schemaFile(4, "gz"))
	require.NoError(t, err)
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	dump, err := io.ReadAll(z)
	require.NoError(t, err)
	source := e.Restore(t, dump)
	e.fillBulk(t, e.plain(t, source))
	filled := e.Dump(t, source)
	s := seed(t)

	e.forms(t, func(t *testing.T, f Form) {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprint("at commits, made: ", late), func(t *testing.T) {
				source := e.Restore(t, filled)
				stops, refused := 0, 0
				fault := faulty.Fault{Late: late, Dead: true, Err: errFault}
				for n := 1; !e.continues(t, f, source, faulty.On(faulty.Commit, n, fault)); stops++ {
					var schema *driver.SchemaError
					if err := refuse(source); err != nil { // nil after the last commit
						require.ErrorAs(t, err, &schema)
						refused++
					}
					if !late {
						n = 2 // of those that follow, the second
					}
				}
				require.Greater(t, stops, 2)
				require.GreaterOrEqual(t, refused, stops-1)
				e.requireMoved(t, source)
			})
		}
		t.Run("at any calls", func(t *testing.T) {
			source, r := e.Restore(t, filled), rand.New(rand.NewPCG(s, 1))
			for !e.continues(t, f, source, faulty.Nth(1+r.IntN(4_000), faulty.Fault{Err: errFault})) {
			}
			e.requireMoved(t, source)
		})
	})
	t.Run("by SIGKILL", func(t *testing.T) {
		t.Parallel()
		source, r := e.Restore(t, filled), rand.New(rand.NewPCG(s, 2))
		for n := range 6 {
			name := fmt.Sprint("killed-", n)
			p := Start(t, source, name)
			time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond)
			p.Kill()
			p.Gone()
			if e.Settle != nil {
				e.Settle(t, e.plain(t, source), name)
			}
		}
		e.requireMoved(t, source)
	})
	t.Run("by several at once", func(t *testing.T) {
		t.Parallel()
		source := e.Restore(t, filled)
		var all sync.WaitGroup
		errs := make([]error, 3)
		for n := range errs {
			all.Go(func() {
				st, err := e.Open(context.Background(), source)
				if err == nil {
					err = st.Close()
				}
				errs[n] = err
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		e.requireMoved(t, source)
	})
}

// continues opens a store while calls fail as planned, and reports whether it is open.
func (e Engine) continues(t *testing.T, f Form, source string, p faulty.Plan) bool {
	c, err := faulty.Wrap(e.Driver, source)
	require.NoError(t, err)
	db := sql.OpenDB(c)
	defer db.Close()
	c.Set(p)
	st, err := f.Open(t.Context(), db)
	if err != nil {
		require.NotZero(t, c.Failed(), "failed without a fault: %v", err)
		return false
	}
	c.Set(nil)
	require.NoError(t, st.Close())
	return true
}

func bulkID(n int) visitor.ID { return visitor.ID(fmt.Sprintf("018cc251-f400-7000-8000-%012d", n)) }

func bulkName(n int) string { return fmt.Sprint("Bulk Person ", n) }

// fillBulk writes the rows of version 4.
func (e Engine) fillBulk(t *testing.T, db *sql.DB) {
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	exec := func(text string, args ...any) {
		_, err := tx.ExecContext(t.Context(), text, args...)
		require.NoError(t, err, text)
	}
	id := func(id string) any {
		if e.ID == nil {
			return id
		}
		return e.ID(id)
	}
	raw := func(n int, of string) []byte {
		if n%2 == 0 {
			return []byte{}
		}
		b := uuid.MustParse(of)
		return b[:]
	}
	exec("INSERT INTO visitors_workspace (ws, seq) VALUES ($1, $2)", bulkSpace, bulkVisitors)
	exec("INSERT INTO visitors_tag (ws, id, key, name, color, description, created_at) VALUES ($1, $2, 'bulk', 'Bulk', '#112233', '', 5)", bulkSpace, id(string(bulkTag)))
	exec("INSERT INTO visitors_group (ws, id, key, name, description, rule, created_at) VALUES ($1, $2, 'bulk', 'Bulk', '', '', 5)", bulkSpace, id(string(bulkGroup)))
	for n := range bulkVisitors {
		v := id(string(bulkID(n)))
		exec("INSERT INTO visitors_visitor (ws, id, name, name_fold, email, email_fold, phone, source, created_at, updated_at, last_seen_at, revision)"+
			" VALUES ($1, $2, $3, $4, $5, $6, '', 'chat', 1704067200000000, 1704067200000000, 0, 1)",
			bulkSpace, v, bulkName(n), fmt.Sprint("bulk person ", n), fmt.Sprint("B", n, "@example.com"), fmt.Sprint("b", n, "@example.com"))
		exec("INSERT INTO visitors_event (ws, seq, kind, at, visitor_id, tag_ids, group_ids, fields) VALUES ($1, $2, 'visitor.created', 5, $3, $4, $5, 'name')",
			bulkSpace, 1+n, v, raw(n, string(bulkGone)), raw(n+1, string(bulkGroup)))
		if n%3 > 0 {
			exec("INSERT INTO visitors_visitor_tag (ws, visitor_id, tag_id, put_at, put_by, cause) VALUES ($1, $2, $3, 7, 'ann', 'test')", bulkSpace, v, id(string(bulkTag)))
		}
		if n%4 == 0 {
			exec("INSERT INTO visitors_visitor_group (ws, visitor_id, group_id, excluded, at, actor, cause) VALUES ($1, $2, $3, $4, 8, '', '')",
				bulkSpace, v, id(string(bulkGroup)), n%8/4)
		}
		if n%5 == 0 {
			exec("INSERT INTO visitors_identity (ws, visitor_id, source, account, external_id, username, first_seen, last_seen, inboxes)"+
				" VALUES ($1, $2, 'chat', 'site', $3, 'u', 9, 10, '{\"names\":[\"front\"],\"at\":[11]}')", bulkSpace, v, fmt.Sprint(n))
			exec("INSERT INTO visitors_visitor_inbox (ws, visitor_id, inbox) VALUES ($1, $2, 'front')", bulkSpace, v)
			exec("INSERT INTO visitors_attribute (ws, visitor_id, name, ord, kind, text, text_fold, number, micros) VALUES ($1, $2, 'n', 0, 2, '', '', $3, 0)", bulkSpace, v, float64(n))
		}
	}
	for n := range bulkProcessed {
		exec("INSERT INTO visitors_captured (ws, key, at) VALUES ($1, $2, 5)", bulkSpace, id(string(bulkID(n))))
	}
	require.NoError(t, tx.Commit())
}

// requireMoved opens a store, which completes the migration, and reads what was filled in.
func (e Engine) requireMoved(t *testing.T, source string) {
	st, err := e.Open(t.Context(), source)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	want, err := os.ReadFile(schemaFile(4, "txt"))
	require.NoError(t, err)
	w := openWorld(t, st, workspace)
	require.Equal(t, string(want), w.snapshot(t))
	w.requireHistories(t)

	b := openWorld(t, st, bulkSpace)
	n := 0
	for v, err := range b.All(t.Context(), store.Query{Where: filter.All(), Order: store.OldestFirst}) {
		require.NoError(t, err)
		require.Equal(t, wantBulk(n), v)
		n++
	}
	require.Equal(t, bulkVisitors, n)
	for of, where := range map[int64]filter.Expr{
		bulkVisitors - 767: filter.Tag.Has("Bulk"), 288: filter.Group.Has("Bulk"), 460: filter.Inbox.Is("front"), 1: filter.Attr("n").Equals(5),
		111: filter.Name.Contains("person 22"), 767: filter.Not(filter.Tag.Exists()),
	} {
		counted, err := b.Count(t.Context(), where)
		require.NoError(t, err)
		require.Equal(t, of, counted, "%v", where)
	}
	events := b.allEvents(t)
	require.Len(t, events, bulkVisitors)
	for n, e := range events {
		require.Equal(t, bulkID(n), e.Visitor)
		if n%2 == 1 {
			require.Equal(t, []tag.ID{bulkGone}, e.Tags)
		} else {
			require.Equal(t, []group.ID{bulkGroup}, e.Groups)
		}
	}
	db := e.plain(t, source)
	var captured int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM visitors_captured WHERE at = 5").Scan(&captured))
	require.Equal(t, bulkProcessed, captured)
	e.Consistent(t, db)
}

// wantBulk is what is read of the n-th visitor.
func wantBulk(n int) visitor.Visitor {
	at := driver.FromMicros
	v := visitor.Visitor{
		ID: bulkID(n), Name: bulkName(n), Email: fmt.Sprint("B", n, "@example.com"), Source: visitor.Chat,
		CreatedAt: at(1704067200000000), UpdatedAt: at(1704067200000000), Revision: 1,
	}
	if n%3 > 0 {
		v.Tags = []tag.Assignment{{Tag: bulkTag, Name: "Bulk", Color: "#112233", At: at(7), Actor: "ann", Cause: "test"}}
	}
	switch n % 8 {
	case 0:
		v.Memberships = []visitor.Membership{{Group: bulkGroup, At: at(8)}}
	case 4:
		v.Excluded = []group.ID{bulkGroup}
	}
	if n%5 == 0 {
		v.Identities = []visitor.Identity{{
			Source: visitor.Chat, Account: "site", ExternalID: fmt.Sprint(n), Username: "u", FirstSeen: at(9), LastSeen: at(10),
			Inboxes: []string{"front"}, InboxTimes: []time.Time{at(11)},
		}}
		v.Attributes = visitor.Attributes{"n": visitor.Number(float64(n))}
	}
	return v
}
