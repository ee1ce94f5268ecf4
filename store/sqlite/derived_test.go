package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

var seed = flag.Uint64("sqlite.seed", 0, "seed of the random tests; 0 picks one")

func randomSeed(t testing.TB) uint64 {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("run again with -sqlite.seed=%d", s)
	return s
}

// TestDerivedTablesStayExact makes random changes, some of which fail or are rolled back by the
// host, and compares the counters with counts, and the search index with a new one.
func TestDerivedTablesStayExact(t *testing.T) {
	t.Parallel()
	s := randomSeed(t)
	r := rand.New(rand.NewPCG(s, 1))
	path := filepath.Join(t.TempDir(), "visitors.db")
	st, err := sqlite.Open(t.Context(), path, &sqlite.Options{RelaxedDurability: true})
	require.NoError(t, err)
	defer st.Close()
	db, err := sql.Open("sqlite3", "file:"+path+"?_txlock=immediate")
	require.NoError(t, err)
	defer db.Close()

	m := newMess(r)
	for _, ws := range m.workspaces {
		_, err := st.Apply(t.Context(), ws, m.first())
		require.NoError(t, err)
	}
	for range 12 {
		for range 20 {
			m.apply(t.Context(), t, st, db)
		}
		requireCountersExact(t, db)
		requireLookupsExact(t, st, db, m.workspaces)
		requireIndexExact(t, db)
	}
	require.NoError(t, st.Compact(t.Context()))
	requireIndexExact(t, db)
}

// mess makes random changes, whether or not their targets exist.
type mess struct {
	rand       *rand.Rand
	workspaces []driver.WorkspaceID
	ids        []visitor.ID // a fixed set, so that ids are reused
	tags       []tag.Tag
	groups     []group.Group
}

func newMess(r *rand.Rand) *mess {
	m := &mess{rand: r, workspaces: []driver.WorkspaceID{"acme", "Acme", "z.9"}}
	for i := range 60 {
		m.ids = append(m.ids, visitor.NewID(m.born(i)))
	}
	for i := range 6 {
		name := fmt.Sprint("tag ", i)
		m.tags = append(m.tags, tag.Tag{ID: tag.NewID(crowd.Start), Name: name, Color: tag.ColorFor(name), CreatedAt: crowd.Start})
	}
	for i := range 4 {
		g := group.Group{ID: group.NewID(crowd.Start), Name: fmt.Sprint("group ", i), CreatedAt: crowd.Start}
		if i%2 == 1 {
			g.Rule = filter.Name.Contains("a")
		}
		m.groups = append(m.groups, g)
	}
	return m
}

func (m *mess) born(i int) time.Time { return crowd.Start.Add(time.Duration(i) * time.Hour) }

func (m *mess) first() []driver.Change {
	var changes []driver.Change
	for _, t := range m.tags {
		changes = append(changes, driver.EnsureTag{Audit: driver.Audit{At: crowd.Start}, Tag: t})
	}
	for _, g := range m.groups {
		changes = append(changes, driver.CreateGroup{Audit: driver.Audit{At: crowd.Start}, Group: g})
	}
	return changes
}

// apply makes up to eight changes at once; in one of five cases in a host's transaction,
// which may be rolled back.
func (m *mess) apply(ctx context.Context, t *testing.T, st *sqlite.Store, db *sql.DB) {
	ws := pick(m.rand, m.workspaces)
	var changes []driver.Change
	for range 1 + m.rand.IntN(8) {
		changes = append(changes, m.change())
	}
	if m.rand.IntN(5) > 0 {
		_, err := st.Apply(ctx, ws, changes)
		m.requireKnown(t, err)
		return
	}
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	defer tx.Rollback()
	for range 2 {
		_, err = st.InTx(tx).Apply(ctx, ws, changes)
		m.requireKnown(t, err)
	}
	if m.rand.IntN(2) == 0 {
		require.NoError(t, tx.Commit())
	}
}

func (m *mess) requireKnown(t *testing.T, err error) {
	if err != nil {
		var failed *driver.ChangeError
		require.ErrorAs(t, err, &failed)
	}
}

func (m *mess) change() driver.Change {
	i := m.rand.IntN(len(m.ids))
	id, at, keys := m.ids[i], m.born(100), []string{}
	for range m.rand.IntN(3) {
		keys = append(keys, tag.Key(pick(m.rand, m.tags).Name))
	}
	g := pick(m.rand, m.groups)
	switch m.rand.IntN(20) {
	case 0, 1, 2:
		v := visitor.Visitor{
			ID: id, Name: m.text(), Email: m.email(), Phone: m.phone(), Source: pick(m.rand, visitor.Sources()),
			CreatedAt: m.born(i), UpdatedAt: at, Revision: 1,
		}
		if m.rand.IntN(3) == 0 { // fails for every second visitor
			v.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(i / 2)}}
		}
		return driver.CreateVisitor{Audit: driver.Audit{At: at}, Visitor: v, Tags: keys, Groups: []group.ID{g.ID}}
	case 3:
		name, email, phone, source := m.text(), m.email(), m.phone(), pick(m.rand, visitor.Sources())
		p := visitor.Patch{Name: &name, Source: &source}
		if m.rand.IntN(2) == 0 {
			p.Email, p.Phone = &email, &phone
		}
		return driver.UpdateVisitor{ID: id, Patch: p, Audit: driver.Audit{At: at}}
	case 4, 5:
		return driver.DeleteVisitor{ID: id, Audit: driver.Audit{At: at}}
	case 6:
		return driver.AddTags{ID: id, Tags: keys, Audit: driver.Audit{At: at}}
	case 7:
		return driver.RemoveTags{ID: id, Tags: keys, Audit: driver.Audit{At: at}}
	case 8:
		return driver.AddToGroup{Group: g.ID, ID: id, Audit: driver.Audit{At: at}}
	case 9:
		return driver.RemoveFromGroup{Group: g.ID, ID: id, Audit: driver.Audit{At: at}}
	case 11, 12, 13, 14:
		return m.arrival(id, at)
	case 15, 16:
		return driver.MergeVisitors{Into: id, From: pick(m.rand, m.ids), Audit: driver.Audit{At: at}}
	case 17:
		return driver.UnmergeVisitor{From: id, Audit: driver.Audit{At: at}}
	case 18:
		return driver.UnlinkIdentity{ID: id, Identity: visitor.Identity{Source: visitor.Telegram, ExternalID: fmt.Sprint(i / 2)}, Audit: driver.Audit{At: at}}
	case 10:
		if m.rand.IntN(6) == 0 {
			return driver.DeleteTag{ID: pick(m.rand, m.tags).ID, Audit: driver.Audit{At: at}}
		}
		return driver.EnsureTag{Audit: driver.Audit{At: at}, Tag: pick(m.rand, m.tags)}
	}
	if m.rand.IntN(6) == 0 {
		return driver.DeleteGroup{ID: g.ID, Audit: driver.Audit{At: at}}
	}
	return driver.CreateGroup{Audit: driver.Audit{At: crowd.Start}, Group: g}
}

// arrival is a capture that may match by any address and merge two visitors.
func (m *mess) arrival(id visitor.ID, at time.Time) driver.CaptureContact {
	external := func() string { return fmt.Sprint(m.rand.IntN(len(m.ids)) / 2) }
	c := visitor.Contact{
		Source: visitor.Telegram, ExternalID: external(), Name: m.text(), Email: m.email(), Phone: m.phone(),
		OccurredAt: at.Add(time.Duration(m.rand.IntN(1000)) * time.Second), Inbox: []string{"", "1055", "1056"}[m.rand.IntN(3)],
	}
	if m.rand.IntN(3) == 0 {
		c.Source, c.ExternalID = visitor.Chat, "s:"+external()
		c.AlternateIDs = []visitor.Identity{{Source: visitor.Telegram, ExternalID: external()}}
	}
	if m.rand.IntN(8) == 0 {
		c.PreviousIDs = []visitor.Identity{{Source: visitor.Telegram, ExternalID: external()}}
	}
	if m.rand.IntN(2) == 0 {
		c.EventID = external()
	}
	change := driver.CaptureContact{ID: id, Contact: c, Audit: driver.Audit{At: at}}
	if m.rand.IntN(2) == 0 {
		change.Tags = []tag.Tag{pick(m.rand, m.tags)}
	}
	if m.rand.IntN(2) == 0 {
		change.Policy = visitor.Policy{Name: visitor.IfNewer, Email: visitor.IfNewer, ByEmail: visitor.MatchAny, ByPhone: visitor.MatchAny}
	}
	return change
}

var messNames = []string{"Ada", "ada", "José Ángel", "李小龍", "zZz", "O'Neil-zx", "Ørsted", "a b", "12", "Ⅷ", "👩‍👩‍👧", "x"}

func (m *mess) text() string {
	return strings.TrimSpace(pick(m.rand, messNames) + " " + pick(m.rand, messNames))
}

func (m *mess) email() string {
	return []string{"", "ada@example.com", "Z.z+1@EXAMPLE.org", "josé@exämple.com"}[m.rand.IntN(4)]
}

func (m *mess) phone() string {
	return []string{"", "+5511987654321", "+491512345678", "+12"}[m.rand.IntN(4)]
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func requireCountersExact(t *testing.T, db *sql.DB) {
	t.Helper()
	for name, text := range map[string]string{
		"sources": "SELECT ws, source, visitors FROM visitors_source WHERE visitors <> 0 ORDER BY 1, 2|" +
			"SELECT ws, source, count(*) FROM visitors_visitor GROUP BY ws, source ORDER BY 1, 2",
		"tags": "SELECT t.ws, k.number, t.uses FROM visitors_tag t JOIN visitors_number k ON k.ws = t.ws AND k.id = t.id ORDER BY 1, 2|" +
			"SELECT t.ws, k.number, (SELECT count(*) FROM visitors_by_tag l WHERE l.ws = t.ws AND l.tag_id = k.number)" +
			" FROM visitors_tag t JOIN visitors_number k ON k.ws = t.ws AND k.id = t.id ORDER BY 1, 2",
		"groups": "SELECT g.ws, k.number, g.members FROM visitors_group g JOIN visitors_number k ON k.ws = g.ws AND k.id = g.id ORDER BY 1, 2|" +
			"SELECT g.ws, k.number, (SELECT count(*) FROM visitors_by_group m WHERE m.ws = g.ws AND m.group_id = k.number AND m.excluded = 0)" +
			" FROM visitors_group g JOIN visitors_number k ON k.ws = g.ws AND k.id = g.id ORDER BY 1, 2",
		"events": "SELECT ws, seq FROM visitors_workspace ORDER BY 1|SELECT ws, count(*) FROM visitors_event GROUP BY ws ORDER BY 1",
	} {
		kept, counted, _ := strings.Cut(text, "|")
		require.Equal(t, table(t, db, counted), table(t, db, kept), name)
	}
}

// requireLookupsExact compares the rows by which visitors are found with the visitors that are
// read.
func requireLookupsExact(t *testing.T, st *sqlite.Store, db *sql.DB, workspaces []driver.WorkspaceID) {
	t.Helper()
	var want []string
	note := func(ws driver.WorkspaceID, kind string, id visitor.ID, values ...any) {
		want = append(want, strings.Join(strings.Fields(fmt.Sprint(kind, " ", ws, " ", hex.EncodeToString(bytesOf(string(id))), " ", fmt.Sprintln(values...))), " "))
	}
	everyone, err := filter.Bind(filter.All(), nil)
	require.NoError(t, err)
	for _, ws := range workspaces {
		all, err := st.FindVisitors(t.Context(), ws, driver.Select{Where: everyone, Order: driver.OldestFirst, Limit: 1_000})
		require.NoError(t, err)
		for _, v := range all {
			for _, a := range v.Tags {
				note(ws, "tag", v.ID, hex.EncodeToString(bytesOf(string(a.Tag))))
			}
			for _, m := range v.Memberships {
				note(ws, "group", v.ID, hex.EncodeToString(bytesOf(string(m.Group))), 0)
			}
			for _, g := range v.Excluded {
				note(ws, "group", v.ID, hex.EncodeToString(bytesOf(string(g))), 1)
			}
			var inboxes []string
			for _, i := range v.Identities {
				note(ws, "identity", v.ID, i.Source, i.Account, i.ExternalID)
				inboxes = append(inboxes, i.Inboxes...)
			}
			slices.Sort(inboxes)
			for _, inbox := range slices.Compact(inboxes) {
				note(ws, "inbox", v.ID, inbox)
			}
			for _, hash := range sqlite.AddressHashes(v) {
				note(ws, "address", v.ID, hash)
			}
			for name := range v.Attributes {
				note(ws, "attribute", v.ID, name)
			}
		}
	}
	slices.Sort(want)
	const of = " JOIN visitors_workspace w ON w.ws = l.ws"
	const owner = " LEFT JOIN visitors_visitor v ON v.ws = l.ws AND v.rowkey = l.visitor"
	const number = " JOIN visitors_number k ON k.ws = l.ws AND k.number = l."
	found := strings.Split(strings.TrimSuffix(table(t, db, "SELECT 'tag' AS kind, w.name, lower(hex(l.visitor_id)), lower(hex(k.id)) FROM visitors_by_tag l"+of+number+"tag_id"+
		" UNION ALL SELECT 'group', w.name, lower(hex(l.visitor_id)), lower(hex(k.id)) || ' ' || l.excluded FROM visitors_by_group l"+of+number+"group_id"+
		" UNION ALL SELECT 'identity', w.name, lower(hex(v.id)), l.source || ' ' || l.account || ' ' || l.external_id FROM visitors_by_identity l"+of+owner+
		" UNION ALL SELECT 'inbox', w.name, lower(hex(v.id)), l.inbox FROM visitors_by_inbox l"+of+owner+
		" UNION ALL SELECT 'address', w.name, lower(hex(v.id)), l.hash FROM visitors_by_address l"+of+owner+
		" UNION ALL SELECT DISTINCT 'attribute', w.name, lower(hex(v.id)), l.name FROM visitors_by_attribute l"+of+owner), "\n"), "\n")
	for i := range found {
		found[i] = strings.Join(strings.Fields(found[i]), " ")
	}
	slices.Sort(found)
	require.Equal(t, strings.Join(want, "\n"), strings.Join(found, "\n")) // also if there are none
}

// table reads a query as one text.
func table(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var b strings.Builder
	for rows.Next() {
		row, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		require.NoError(t, rows.Scan(into...))
		for _, field := range row {
			b.WriteString(field.String + " ")
		}
		b.WriteString("\n")
	}
	require.NoError(t, rows.Err())
	return b.String()
}

// requireIndexExact builds a new index and compares the results of both for each token.
func requireIndexExact(t *testing.T, db *sql.DB) {
	t.Helper()
	tx, err := db.Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	exec := func(text string, args ...any) {
		_, err := tx.Exec(text, args...)
		require.NoError(t, err, text)
	}
	exec(`CREATE TABLE anew_scratch (docid INTEGER PRIMARY KEY, grams TEXT NOT NULL)`)
	exec(`CREATE VIRTUAL TABLE anew USING fts4 (content="anew_scratch", grams, tokenize=simple, matchinfo=fts3)`)
	tokens := map[string]bool{}
	rows, err := tx.Query("SELECT rowkey, ws, name, email, phone, name_fold, iif(email_fold = '', email, email_fold) FROM visitors_visitor ORDER BY rowkey")
	require.NoError(t, err)
	type doc struct {
		key   int64
		grams string
	}
	var docs []doc
	for rows.Next() {
		var key int64
		var ws, name, email, phone, nameFold, emailFold string
		require.NoError(t, rows.Scan(&key, &ws, &name, &email, &phone, &nameFold, &emailFold))
		require.Equal(t, []string{text.Fold(name), text.Fold(email)}, []string{nameFold, emailFold})
		docs = append(docs, doc{key, sqlite.Document(ws, nameFold, emailFold, phone)})
	}
	require.NoError(t, rows.Err())
	for _, d := range docs {
		exec("INSERT INTO anew (docid, grams) VALUES (?, ?)", d.key, d.grams)
		for _, token := range strings.Fields(d.grams) {
			tokens[token] = true
		}
	}
	found := func(table, token string) (keys []int64) {
		rows, err := tx.Query("SELECT docid FROM "+table+" WHERE "+table+" MATCH ?", `"`+token+`"`)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var key int64
			require.NoError(t, rows.Scan(&key))
			keys = append(keys, key)
		}
		require.NoError(t, rows.Err())
		return keys
	}
	for token := range tokens {
		require.Equal(t, found("anew", token), found("visitors_text", token), "token %s", token)
	}
	// No other tokens: search for every first letter and digit.
	all := func(table string) (keys []int64) {
		for _, ws := range []string{"1", "2", "3"} {
			keys = append(keys, found(table, ws+"zx*")...)
		}
		return slices.Compact(slices.Sorted(slices.Values(keys)))
	}
	require.Equal(t, all("anew"), all("visitors_text"))
	var left int
	require.NoError(t, tx.QueryRow("SELECT count(*) FROM visitors_scratch").Scan(&left))
	require.Zero(t, left, "old texts are left in the scratch table")
}
