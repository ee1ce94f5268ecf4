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
	texts    map[string]bool
	wrong    map[string]bool
}

func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watching, w.texts, w.wrong = true, map[string]bool{}, map[string]bool{}
}

// end returns what was wrong, and how many different statements there were.
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
		w.texts[data.SQL] = true
		if problem := problemOf(data.SQL, data.Args); problem != "" {
			w.wrong[problem+": "+data.SQL] = true
		}
	}
	return ctx
}

func (w *watch) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

var (
	control  = regexp.MustCompile(`^(BEGIN\b|COMMIT$|ROLLBACK\b|SAVEPOINT |RELEASE )`)
	mention  = regexp.MustCompile(`visitors_[a-z_]+`)
	source   = regexp.MustCompile(`(?:FROM|JOIN) "public"\.visitors_[a-z_]+(?: ([a-z]+)\b)?`)
	target   = regexp.MustCompile(`^(?:UPDATE|INSERT INTO) "public"\.visitors_[a-z_]+`)
	inserted = regexp.MustCompile(`^INSERT INTO "public"\.visitors_[a-z_]+ \(ws, [a-z_, ]+\) (?:VALUES \(|SELECT )\$1\b`)
	bound    = regexp.MustCompile(`(?:\b([a-z]+)\.)?\bws = \$(\d+)`)
	byKey    = regexp.MustCompile(`^SELECT [^()]*(?:count\(\*\) )?FROM \S+(?: [a-z])?(?: CROSS JOIN \S+ t)? WHERE (?:[a-z]\.)?ws = \$1 AND (?:[a-z]\.)?(?:visitor_)?id = (?:ANY\(\$2(?:::uuid\[\])?\)|\$2)(?: AND t\.ws = \$3 AND t\.id = l\.tag_id)?(?: ORDER BY [a-z_., ]+| GROUP BY visitor_id HAVING count\(\*\) > \$3)?$`)
)

// problemOf says what is wrong with a statement, "" for nothing.
func problemOf(text string, args []any) string {
	if control.MatchString(text) {
		return ""
	}
	if len(args) > 0 {
		if _, ok := args[0].(pgx.QueryResultFormatsByOID); ok { // database/sql's
			args = args[1:]
		}
	}
	planned := len(args) > 0 && args[0] == pgx.QueryExecModeCacheDescribe
	if planned {
		args = args[1:]
	}
	if strings.Contains(text, "*") && !strings.Contains(text, "count(*)") || strings.Contains(text, ".*") {
		return "names no columns"
	}
	if finds(text) && !planned {
		return "may be planned for any values"
	}
	return problemOfWorkspace(text, args)
}

// finds reports whether a statement finds visitors by what is not their key.
func finds(text string) bool {
	reads := strings.HasPrefix(text, "SELECT") && (strings.Contains(text, "visitors_visitor") || strings.Contains(text, "visitors_attribute"))
	return reads && !byKey.MatchString(text)
}

// problemOfWorkspace checks that every table is narrowed to one workspace, the same one.
func problemOfWorkspace(text string, args []any) string {
	tables := len(mention.FindAllString(bound.ReplaceAllString(text, ""), -1))
	narrowed := map[string]int{}
	var values []string
	for _, m := range bound.FindAllStringSubmatch(text, -1) {
		narrowed[m[1]]++
		n, _ := strconv.Atoi(m[2])
		if n > len(args) {
			return "a workspace that is not bound"
		}
		values = append(values, fmt.Sprint(args[n-1]))
	}
	known := 0
	for _, m := range source.FindAllStringSubmatch(text, -1) {
		alias := m[1]
		known++
		if narrowed[alias]--; narrowed[alias] < 0 {
			return "a table without the workspace"
		}
	}
	switch {
	case strings.HasPrefix(text, "INSERT"):
		known++
		if !inserted.MatchString(text) {
			return "a row without the workspace"
		}
		values = append(values, fmt.Sprint(args[0]))
	case target.MatchString(text):
		known++
		if narrowed[""] == 0 {
			return "rows without the workspace"
		}
	}
	for _, own := range regexp.MustCompile(`"public"\.visitors_[a-z_]+\.`).FindAllString(text, -1) {
		known += strings.Count(own, ".") - 1 // a column spelled with its table
	}
	if known == 0 || known != tables {
		return fmt.Sprintf("%d of %d tables are understood", known, tables)
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

func TestWatchSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	mode := pgx.QueryExecModeCacheDescribe
	for _, c := range []struct {
		problem, text string
		args          []any
	}{
		{"", `COMMIT`, nil},
		{"", `SELECT v.id FROM "public".visitors_visitor v WHERE v.ws = $1 AND v.source = $2`, []any{mode, "st-a", "chat"}},
		{"may be planned for any values", `SELECT v.id FROM "public".visitors_visitor v WHERE v.ws = $1 AND v.source = $2`, []any{"st-a", "chat"}},
		{"names no columns", `SELECT * FROM "public".visitors_visitor v WHERE v.ws = $1`, []any{mode, "st-a"}},
		{"names no columns", `SELECT v.*, count(*) FROM "public".visitors_visitor v WHERE v.ws = $1`, []any{mode, "st-a"}},
		{"a table without the workspace", `SELECT v.id FROM "public".visitors_visitor v WHERE v.id = $1`, []any{mode, "x"}},
		{"a table without the workspace", `SELECT v.id FROM "public".visitors_visitor v WHERE v.ws = $1 AND EXISTS (SELECT 1 FROM "public".visitors_visitor_tag l WHERE l.visitor_id = v.id)`, []any{mode, "st-a"}},
		{"not one workspace", `SELECT v.id FROM "public".visitors_visitor v CROSS JOIN "public".visitors_tag t WHERE v.ws = $1 AND t.ws = $2`, []any{mode, "st-a", "st-b"}},
		{"not a workspace", `DELETE FROM "public".visitors_tag WHERE ws = $1 AND id = $2`, []any{"", "y"}},
		{"", `DELETE FROM "public".visitors_tag WHERE ws = $1 AND id = $2`, []any{"st-a", "y"}},
		{"a table without the workspace", `DELETE FROM "public".visitors_tag WHERE id = $1`, []any{"y"}},
		{"rows without the workspace", `UPDATE "public".visitors_tag SET name = $1 WHERE id = $2`, []any{"st-a", "y"}},
		{"a row without the workspace", `INSERT INTO "public".visitors_tag (id) VALUES ($1)`, []any{"st-a"}},
		{"", `INSERT INTO "public".visitors_tag (ws, id) VALUES ($1, $2)`, []any{"st-a", "y"}},
		{"0 of 1 tables are understood", `TRUNCATE visitors_tag`, nil},
		{"0 of 0 tables are understood", `SELECT 1`, nil},
	} {
		require.Equal(t, c.problem, problemOf(c.text, c.args), c.text)
	}
}
