package postgres

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// tables are the tables with rows of workspaces, whose id is in the column ws.
var tables = []string{
	"visitors_workspace", "visitors_visitor", "visitors_by_identity", "visitors_tag", "visitors_by_tag",
	"visitors_group", "visitors_by_group", "visitors_by_attribute", "visitors_event",
	"visitors_captured", "visitors_merged", "visitors_by_inbox", "visitors_index", "visitors_record",
}

// earlier are names of tables in earlier schema versions, which migrations use.
var earlier = []string{
	"visitors_identity", "visitors_visitor_tag", "visitors_visitor_group", "visitors_attribute", "visitors_visitor_inbox",
	"visitors_moving",
}

// named are the names that need the schema in statements. An index is in the schema of its
// table.
var named = func() map[string]bool {
	names := map[string]bool{"visitors_schema": true, "visitors_key": true}
	for _, table := range slices.Concat(tables, earlier) {
		names[table] = true
		names[table+"_values"] = true // statistics
	}
	return names
}()

// format is a squirrel.PlaceholderFormat: it writes placeholders as $1, $2 …, and the schema
// before the names of tables, so that they do not depend on the search path.
type format struct{ schema string }

const prefix = "visitors_"

// ReplacePlaceholders rewrites a statement. It never fails. Statements contain no string
// literals with a question mark or the name of a table.
func (s format) ReplacePlaceholders(text string) (string, error) {
	var b strings.Builder
	b.Grow(2 * len(text))
	schema := pgx.Identifier{s.schema}.Sanitize() + "."
	marks := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '?':
			marks++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(marks))
			i++
		case inName(c):
			end := i + 1
			for end < len(text) && inName(text[end]) {
				end++
			}
			name := text[i:end]
			if strings.HasPrefix(name, prefix) && qualified(text[:i], name) {
				b.WriteString(schema)
			}
			b.WriteString(name)
			i = end
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), nil
}

// qualified reports whether a name needs the schema after a text: a table does, except as its new
// name, and an index that is dropped.
func qualified(before, name string) bool {
	if strings.HasSuffix(before, "DROP INDEX ") {
		return true
	}
	return named[name] && !strings.HasSuffix(before, "RENAME TO ")
}

func inName(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// qualify adds the schema to the tables of a statement.
func (s format) qualify(text string) string {
	text, _ = s.ReplacePlaceholders(text) // never fails
	return text
}
