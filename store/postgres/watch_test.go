package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
)

// watch checks statements as they are sent.
type watch struct {
	mu       sync.Mutex
	watching bool
	texts    map[string]reading
	wrong    map[string]bool
}

func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watching, w.texts, w.wrong = true, map[string]reading{}, map[string]bool{}
}

// end returns the problems, and the number of different statements.
func (w *watch) end() (wrong []string, checked int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watching = false
	return slices.Sorted(maps.Keys(w.wrong)), len(w.texts)
}

func (w *watch) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watching {
		r, known := w.texts[data.SQL]
		if !known {
			r = read(data.SQL)
			w.texts[data.SQL] = r
		}
		if problem := r.problemOf(data.Args); problem != "" {
			w.wrong[problem+": "+data.SQL] = true
		}
	}
	return ctx
}

func (w *watch) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// values are plain rows of one workspace.
const values = `VALUES \(\$1, [$\d, ]+\)(, \(\$1, [$\d, ]+\))*( ON CONFLICT .*)?$`

var (
	control  = regexp.MustCompile(`(?i)^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)( [a-z ]+)?$|^SHOW synchronous_commit$|^SET LOCAL [a-z_.]+ = ('local'|on)$`)
	mention  = regexp.MustCompile(`visitors_[a-z_]+`)
	source   = regexp.MustCompile(`(?:FROM|JOIN) "[^"]+"\.visitors_[a-z_]+(?: ([a-z]+)\b)?`)
	target   = regexp.MustCompile(`^(?:UPDATE|INSERT INTO) "[^"]+"\.visitors_[a-z_]+(?: ([a-z]+) SET)?`)
	inserted = regexp.MustCompile(`^INSERT INTO "[^"]+"\.visitors_[a-z_]+ \(ws, [a-z_, ]+\) (SELECT \$1, |` + values + `)`)
	inner    = regexp.MustCompile(`\([^()]*\)`)
	bound    = regexp.MustCompile(`(?:\b([a-z]+)\.)?\bws = \$(\d+)`)
	byKey    = regexp.MustCompile(`^SELECT [^()]*(?:count\(\*\) )?FROM \S+(?: [a-z])?(?: CROSS JOIN \S+ t)? WHERE (?:[a-z]\.)?ws = \$1 AND (?:[a-z]\.)?(?:visitor_)?id = (?:ANY\(\$2(?:::uuid\[\])?\)|\$2)(?: AND t\.ws = \$3 AND t\.id = l\.tag_id)?(?: AND a\.name = (?:ANY\(\$3\)|\$3))?(?: ORDER BY [a-z_., ]+| GROUP BY visitor_id HAVING count\(\*\) > \$3)?$` +
		`|^SELECT [^()]* FROM unnest\(\$1::uuid\[\]\) AS u \(id\) CROSS JOIN LATERAL \(SELECT [^()]* FROM \S+ [a-z] WHERE [a-z]\.ws = \$2 AND [a-z]\.(?:visitor_)?id = u\.id OFFSET 0\) [a-z]$` +
		`|^SELECT [^()]*, \(SELECT w\.catalog FROM \S+ w WHERE w\.ws = \$1\)` +
		`(?:, \(SELECT w\.seq FROM \S+ w WHERE w\.ws = \$2\), \(SELECT coalesce\([^()]*\) FROM \S+ w LEFT JOIN \S+ e ON e\.ws = \$3 AND e\.seq = w\.seq WHERE w\.ws = \$4\))?` +
		` FROM (?:\S+ v WHERE v\.ws = \$\d AND v\.id = \$\d` +
		`|unnest\(\$\d::uuid\[\]\) AS u \(id\) CROSS JOIN LATERAL \(SELECT [^()]* FROM \S+ v WHERE v\.ws = \$\d AND v\.id = u\.id OFFSET 0\) v)$`)
)

// reading is what is known about a statement without its arguments.
type reading struct {
	control   bool   // it begins or ends a transaction
	columns   string // what is wrong with its form or columns, "" for nothing
	finds     bool   // visitors by other columns than their key
	workspace string // what is wrong with how it names the workspace, "" for nothing
	at        []int  // arguments that are the workspace, from 0
}

func read(text string) reading {
	if control.MatchString(text) {
		return reading{control: true}
	}
	r := reading{finds: finds(text)}
	if strings.Contains(text, ";") {
		r.columns = "may be several statements"
	}
	if strings.Contains(text, "*") && !strings.Contains(text, "count(*)") || strings.Contains(text, ".*") {
		r.columns = "names no columns"
	}
	r.workspace, r.at = workspacesOf(text)
	return r
}

// problemOf returns what is wrong with a statement and its arguments, "" for nothing.
func (r reading) problemOf(args []any) string {
	if r.control {
		return ""
	}
	if len(args) > 0 {
		if _, ok := args[0].(pgx.QueryResultFormatsByOID); ok { // database/sql's
			args = args[1:]
		}
	}
	planned := len(args) > 0 && args[0] == pgx.QueryExecModeCacheDescribe
	if planned || len(args) > 0 && args[0] == pgx.QueryExecModeExec {
		args = args[1:]
	}
	switch {
	case r.columns != "":
		return r.columns
	case r.finds && !planned:
		return "may be planned for any values"
	case r.workspace != "":
		return r.workspace
	}
	var values []string
	for _, n := range r.at {
		if n >= len(args) {
			return "a workspace that is not bound"
		}
		values = append(values, fmt.Sprint(args[n]))
	}
	slices.Sort(values)
	if values = slices.Compact(values); len(values) != 1 {
		return "not one workspace"
	}
	if _, err := store.ParseWorkspaceID(values[0]); err != nil {
		return "not a workspace"
	}
	return ""
}

// finds reports whether a statement finds visitors by other columns than their key.
func finds(text string) bool {
	reads := strings.HasPrefix(text, "SELECT") && (strings.Contains(text, "visitors_visitor") || strings.Contains(text, "visitors_by_attribute"))
	return reads && !byKey.MatchString(text)
}

// workspacesOf checks that every table is restricted to one workspace, and returns the positions
// of that argument.
func workspacesOf(text string) (problem string, at []int) {
	tables := len(mention.FindAllString(bound.ReplaceAllString(text, ""), -1))
	narrowed := map[string]int{}
	for _, m := range bound.FindAllStringSubmatch(text, -1) {
		narrowed[m[1]]++
		n, _ := strconv.Atoi(m[2])
		at = append(at, n-1)
	}
	known := 0
	for _, m := range source.FindAllStringSubmatch(text, -1) {
		alias := m[1]
		known++
		if narrowed[alias]--; narrowed[alias] < 0 {
			return "a table without the workspace", nil
		}
	}
	switch {
	case strings.HasPrefix(text, "INSERT"):
		known++
		if !inserted.MatchString(text) {
			return "a row without the workspace", nil
		}
		at = append(at, 0)
	case strings.HasPrefix(text, "SELECT") && !strings.Contains(outermost(text), " FROM "):
		return "a SELECT from nothing", nil // a router would not know the server
	case target.MatchString(text):
		known++
		if narrowed[target.FindStringSubmatch(text)[1]] == 0 {
			return "rows without the workspace", nil
		}
	}
	for _, own := range regexp.MustCompile(`"[^"]+"\.visitors_[a-z_]+\.`).FindAllString(text, -1) {
		known += strings.Count(own, ".") - 1 // a column with the name of its table
	}
	if known == 0 || known != tables {
		return fmt.Sprintf("%d of %d tables are understood", known, tables), nil
	}
	return "", at
}

// outermost returns a statement without what is in parentheses.
func outermost(text string) string {
	for inner.MatchString(text) {
		text = inner.ReplaceAllString(text, "")
	}
	return text
}

func TestWatchSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	mode := pgx.QueryExecModeCacheDescribe
	for _, c := range []struct {
		problem, text string
		args          []any
	}{
		{"", `COMMIT`, nil},
		{"", `begin`, nil}, // as the driver spells it
		{"", `SELECT v.id FROM "public".visitors_visitor v WHERE v.ws = $1 AND v.source = $2`, []any{mode, "st-a", "chat"}},
		{"may be planned for any values", `SELECT v.id FROM "public".visitors_visitor v WHERE v.ws = $1 AND v.source = $2`, []any{"st-a", "chat"}},
		{"names no columns", `SELECT * FROM "public".visitors_visitor v WHERE v.ws = $1`, []any{mode, "st-a"}},
		{"names no columns", `SELECT v.*, count(*) FROM "public".visitors_visitor v WHERE v.ws = $1`, []any{mode, "st-a"}},
		{"a table without the workspace", `SELECT v.id FROM "public".visitors_visitor v WHERE v.id = $1`, []any{mode, "x"}},
		{"a table without the workspace", `SELECT v.id FROM "public".visitors_visitor v WHERE v.ws = $1 AND EXISTS (SELECT 1 FROM "public".visitors_by_tag l WHERE l.visitor_id = v.id)`, []any{mode, "st-a"}},
		{"not one workspace", `SELECT v.id FROM "public".visitors_visitor v CROSS JOIN "public".visitors_tag t WHERE v.ws = $1 AND t.ws = $2`, []any{mode, "st-a", "st-b"}},
		{"not a workspace", `DELETE FROM "public".visitors_tag WHERE ws = $1 AND id = $2`, []any{"", "y"}},
		{"", `DELETE FROM "public".visitors_tag WHERE ws = $1 AND id = $2`, []any{"st-a", "y"}},
		{"a table without the workspace", `DELETE FROM "public".visitors_tag WHERE id = $1`, []any{"y"}},
		{"rows without the workspace", `UPDATE "public".visitors_tag SET name = $1 WHERE id = $2`, []any{"st-a", "y"}},
		{"rows without the workspace", `UPDATE "public".visitors_tag t SET name = u.name FROM unnest($2::text[]) AS u (name) WHERE u.ws = $1`, []any{"st-a", "y"}},
		{"", `UPDATE "public".visitors_tag t SET name = u.name FROM unnest($2::text[]) AS u (name) WHERE t.ws = $1`, []any{"st-a", "y"}},
		{"a row without the workspace", `INSERT INTO "public".visitors_tag (id) VALUES ($1)`, []any{"st-a"}},
		{"a row without the workspace", `INSERT INTO "public".visitors_tag (ws, id) VALUES ($1, $2), ($3, $4)`, []any{"st-a", "x", "st-a", "y"}},
		{"", `INSERT INTO "public".visitors_tag (ws, id) SELECT $1, u.id FROM unnest($2::text[]) AS u (id)`, []any{"st-a", "y"}},
		{"", `INSERT INTO "public".visitors_tag (ws, id) VALUES ($1, $2)`, []any{"st-a", "y"}},
		{"", `INSERT INTO "other".visitors_tag (ws, id) VALUES ($1, $2), ($1, $3)`, []any{pgx.QueryExecModeExec, "st-a", "y", "z"}},
		{"", `SET LOCAL synchronous_commit = on`, nil},
		{"may be several statements", `BEGIN; SELECT 1`, nil},
		{"may be several statements", `ROLLBACK TO visitors; RELEASE visitors`, nil},
		{"a SELECT from nothing", `SELECT (SELECT count(*) FROM "public".visitors_tag t WHERE t.ws = $1) - $2`, []any{"st-a", 1}},
		{"0 of 1 tables are understood", `TRUNCATE visitors_tag`, nil},
		{"a SELECT from nothing", `SELECT 1`, nil},
	} {
		require.Equal(t, c.problem, read(c.text).problemOf(c.args), c.text)
	}
}
