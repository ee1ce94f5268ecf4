package postgres

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// tables are those of the engine that hold a workspace's rows, all of which have it in
// the column ws.
var tables = []string{
	"visitors_workspace", "visitors_visitor", "visitors_identity", "visitors_tag", "visitors_visitor_tag",
	"visitors_group", "visitors_visitor_group", "visitors_attribute", "visitors_event",
	"visitors_captured", "visitors_merged",
}

// named are all names that statements must spell with the schema. An index has its
// table's schema by itself.
var named = func() map[string]bool {
	names := map[string]bool{"visitors_schema": true}
	for _, table := range tables {
		names[table] = true
		names[table+"_values"] = true // statistics
	}
	return names
}()

// spelling writes statements as Postgres has them: $1, $2 … for the marks of bound
// values, and the schema before the names of tables, so that they do not depend on the
// search path.
type spelling struct{ schema string }

const prefix = "visitors_"

// ReplacePlaceholders is squirrel's name for it; it never fails. No statement of the engine has a text in
// quotes.
func (s spelling) ReplacePlaceholders(text string) (string, error) {
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
			if strings.HasPrefix(name, prefix) && named[name] {
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

func inName(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// spell is ReplacePlaceholders for a statement that is fine as it is.
func (s spelling) spell(text string) string {
	spelled, _ := s.ReplacePlaceholders(text) // never fails
	return spelled
}
