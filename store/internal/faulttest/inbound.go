package faulttest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// inbound is the callback of webhook.Options.Inbound.
type inbound func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error

// keep keeps the messages in the host's table.
func keep(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
	for _, m := range in {
		_, err := tx.ExecContext(ctx, "INSERT INTO host_message (event, visitor, payload) VALUES ($1, $2, $3)",
			m.Event.Contact.EventID, string(m.Visitor.ID), string(m.Payload))
		if err != nil {
			return err
		}
	}
	return nil
}

const createMessages = "CREATE TABLE host_message (event varchar(64) PRIMARY KEY, visitor varchar(64) NOT NULL, payload text NOT NULL)"

// mailbox receives messages: each from a new person, with the same number as event and person.
type mailbox struct {
	ws *store.Workspace
	h  *webhook.Handler
}

func newMailbox(t testing.TB, st driver.Store, f inbound) mailbox {
	t.Helper()
	m, err := openMailbox(st, f)
	require.NoError(t, err)
	return m
}

func openMailbox(st driver.Store, f inbound) (mailbox, error) {
	ws, err := store.Open(st, workspace, nil)
	if err != nil {
		return mailbox{}, err
	}
	return mailbox{ws, webhook.New(ws, intake.Telegram{Secrets: []string{"secret"}}, &webhook.Options{Inbound: f})}, nil
}

// post delivers a message and returns the status of the answer.
func (m mailbox) post(n int) int {
	body := fmt.Sprintf(`{"update_id":%d,"message":{"date":1760000000,"chat":{"id":%[1]d,"type":"private"},"from":{"id":%[1]d,"first_name":"Ada"},"text":"hello"}}`, n)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Telegram-Bot-Api-Secret-Token", "secret")
	w := httptest.NewRecorder()
	m.h.ServeHTTP(w, r)
	return w.Code
}

// requireTogether requires that every visitor has its message, every message its visitor, and that
// there are these messages.
func (m mailbox) requireTogether(t testing.TB, db *sql.DB, want map[int]bool) {
	t.Helper()
	messages := map[visitor.ID]string{}
	rows, err := db.Query("SELECT event, visitor FROM host_message")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var event string
		var id visitor.ID
		require.NoError(t, rows.Scan(&event, &id))
		messages[id] = event
	}
	require.NoError(t, rows.Err())
	got := map[int]bool{}
	for v, err := range m.ws.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		n, err := strconv.Atoi(v.Identities[0].ExternalID)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(n), messages[v.ID], "the message of a visitor")
		delete(messages, v.ID)
		got[n] = true
	}
	require.Empty(t, messages, "messages without a visitor")
	require.Equal(t, want, got)
}

// Inbound delivers messages whose host fails in different ways: the visitor and the host's row
// are committed together, or neither is, and the same delivery succeeds afterwards.
func Inbound(t *testing.T, e Engine) {
	e.forms(t, func(t *testing.T, f Form) {
		b := e.bench(t, f)
		_, err := b.plain.Exec(createMessages)
		require.NoError(t, err)
		want := map[int]bool{}
		good := newMailbox(t, b.st, keep)
		check := func() {
			t.Helper()
			good.requireTogether(t, b.plain, want)
			b.idle(t)
		}
		// again delivers the message as the channel does after an answer of 503.
		again := func(n int) {
			t.Helper()
			for range 2 {
				require.Equal(t, 200, good.post(n))
				want[n] = true
				check()
			}
		}

		refuse := func(failure func(tx *sql.Tx) error) inbound {
			return func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
				if err := keep(ctx, tx, in); err != nil {
					return err
				}
				return failure(tx)
			}
		}
		for i, fails := range []func(*sql.Tx) error{
			func(*sql.Tx) error { return errors.New("the host failed") },
			func(tx *sql.Tx) error { _, err := tx.Exec("INSERT INTO no_such_table VALUES (1)"); return err },
			func(tx *sql.Tx) error { return tx.Rollback() },
		} {
			require.Equal(t, 503, newMailbox(t, b.st, refuse(fails)).post(10+i))
			check()
			again(10 + i)
		}

		panics := newMailbox(t, b.st, refuse(func(*sql.Tx) error { panic("the host panicked") }))
		require.PanicsWithValue(t, "the host panicked", func() { panics.post(20) })
		check()
		again(20)

		inside := newMailbox(t, b.st, func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
			ws, err := store.Open(e.InTx(b.st, tx), workspace, nil)
			if err != nil {
				return err
			}
			if _, err := ws.Tag(ctx, []string{"wrote"}, in[0].Visitor.ID); err != nil {
				return err
			}
			return keep(ctx, tx, in)
		})
		require.Equal(t, 200, inside.post(30))
		want[30] = true
		check()
		n, err := inside.ws.Count(t.Context(), filter.Tag.Has("wrote"))
		require.NoError(t, err)
		require.EqualValues(t, 1, n, "the host tags the visitor in the same transaction")

		var all sync.WaitGroup
		for i := range 40 {
			want[100+i/2] = true
			all.Go(func() {
				if code := good.post(100 + i/2); code != 200 {
					t.Errorf("answered %d", code)
				}
			})
		}
		all.Wait()
		check()
		e.Consistent(t, b.plain)
	})
}

// KillInbound kills processes while a host keeps messages with their visitors: between its row
// and the commit, after the answer, and at any moment. The test must do nothing else, because it
// runs again in the child processes.
func KillInbound(t *testing.T, e Engine) {
	if args := ChildArgs(); args != nil {
		fmt.Println("failed:", e.receiveUntilKilled(args))
		os.Exit(1)
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(seed(t), 0))
	source := e.Source(t)
	st, err := e.Open(t.Context(), source)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	db := e.plain(t, source)
	_, err = db.Exec(createMessages)
	require.NoError(t, err)
	want := map[int]bool{}
	first := 1
	for i := range max(6, *killsFlag) {
		at := []string{"inserted", "answered", "anywhere"}[i%3]
		name := fmt.Sprint("p", i)
		p := Start(t, source, name, at, fmt.Sprint(first))
		line, err := p.Line()
		require.NoError(t, err)
		answered := 0
		switch at {
		case "inserted":
			require.Equal(t, fmt.Sprint("inserted ", first), line)
		case "answered":
			require.Equal(t, fmt.Sprint("answered ", first), line)
			answered = first
		default:
			require.Equal(t, "ready", line)
			time.Sleep(time.Duration(r.Int64N(int64(60 * time.Millisecond))))
		}
		p.Kill()
		for {
			line, err := p.Line()
			if err != nil {
				break
			}
			_, err = fmt.Sscanf(line, "answered %d", &answered)
			require.NoError(t, err, line)
		}
		p.Gone()
		if e.Settle != nil {
			e.Settle(t, db, name)
		}

		st, err := e.Open(t.Context(), source)
		require.NoError(t, err)
		m := newMailbox(t, st, keep)
		for n := first; n <= answered; n++ {
			want[n] = true
		}
		// The one after the last answer is there with its message, or not at all.
		next := max(first, answered+1)
		if _, err := m.ws.Lookup(t.Context(), visitor.Telegram, "", fmt.Sprint(next)); err == nil {
			require.Equal(t, "anywhere", at)
			want[next] = true
		}
		m.requireTogether(t, db, want)
		require.Equal(t, 200, m.post(next), "the channel sends it again")
		want[next] = true
		m.requireTogether(t, db, want)
		require.NoError(t, st.Close())
		e.Consistent(t, db)
		first = next + 1
	}
	t.Logf("%d messages", len(want))
}

// receiveUntilKilled receives messages in a child process: one that is killed after the host has
// inserted its row, one that is killed after the answer, or many.
func (e Engine) receiveUntilKilled(args []string) error {
	source, at := args[0], args[2]
	first, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	st, err := e.Open(context.Background(), source)
	if err != nil {
		return err
	}
	m, err := openMailbox(st, func(ctx context.Context, tx *sql.Tx, in []webhook.Inbound) error {
		err := keep(ctx, tx, in)
		if at == "inserted" {
			fmt.Println("inserted", in[0].Event.Contact.EventID)
			select {}
		}
		return err
	})
	if err != nil {
		return err
	}
	if at == "anywhere" {
		fmt.Println("ready")
	}
	for n := first; ; n++ {
		if code := m.post(n); code != 200 {
			return fmt.Errorf("answered %d", code)
		}
		fmt.Println("answered", n)
		if at == "answered" {
			select {}
		}
	}
}
