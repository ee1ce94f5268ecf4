package postgres

import (
	"fmt"
	"hash/fnv"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// dialect is the SQL dialect of PostgreSQL.
type dialect struct {
	format
	citus bool
}

var _ sqlstore.Server = dialect{}

func (d dialect) Placeholders() sq.PlaceholderFormat { return d.format }
func (dialect) BeginRead() string                    { return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" }
func (dialect) BeginWrite() string                   { return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" }
func (dialect) Index() sqlstore.Index                { return nil }

func (dialect) JoinIDs(column string) string { return "string_agg(" + column + "::text, ',')" }

func (d dialect) TableExists() string {
	schema := strings.ReplaceAll(pgx.Identifier{d.schema}.Sanitize(), "'", "''")
	return "SELECT 1 WHERE to_regclass('" + schema + ".' || $1::text) IS NOT NULL"
}

// Planned makes the server plan a statement for its values. After five uses of a prepared
// statement the server can choose a generic plan, which for some tags takes minutes instead
// of milliseconds.
func (dialect) Planned() any { return pgx.QueryExecModeCacheDescribe }

func (d dialect) Cluster() bool { return d.citus }

func (dialect) Unprepared() any { return pgx.QueryExecModeExec }

// LockSchema is an advisory lock of the schema.
func (d dialect) LockSchema() string {
	key := fnv.New64a()
	fmt.Fprintf(key, "visitors migrate %s", d.schema)
	return fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", int64(key.Sum64()))
}

// ID binds an id as text, which every query mode of the driver can send. A malformed id becomes
// the nil UUID, which no row has.
func (dialect) ID(id string) any {
	u, err := uuid.Parse(id)
	if err != nil {
		u = uuid.Nil
	}
	return u.String()
}

func (dialect) NoID() string { return "'" + uuid.Nil.String() + "'" }

func (d dialect) InIDs(column string, ids []string) sq.Sqlizer {
	if len(ids) == 1 {
		return sq.Expr(column+" = ?", d.ID(ids[0]))
	}
	parsed := make([]string, len(ids))
	for i, id := range ids {
		parsed[i] = d.ID(id).(string)
	}
	return sq.Expr(column+" = ANY(?)", "{"+strings.Join(parsed, ",")+"}")
}

func (dialect) InTexts(column string, texts []string) sq.Sqlizer      { return in(column, texts) }
func (dialect) InNumbers(column string, numbers []float64) sq.Sqlizer { return in(column, numbers) }
func (dialect) InMicros(column string, micros []int64) sq.Sqlizer     { return in(column, micros) }

func in[T string | float64 | int64](column string, values []T) sq.Sqlizer {
	if len(values) == 1 {
		return sq.Expr(column+" = ?", values[0])
	}
	return sq.Expr(column+" = ANY(?)", array(values))
}

func (dialect) InTuples(columns []string, rows [][]string) sq.Sqlizer {
	lists, names, values := make([]string, len(columns)), make([]string, len(columns)), make([]any, len(columns))
	for i, column := range columns {
		list := make([]string, len(rows))
		for k, row := range rows {
			list[k] = row[i]
		}
		names[i] = column[strings.LastIndex(column, ".")+1:]
		lists[i], values[i] = "?::text[]", array(list)
	}
	return sq.Expr("("+strings.Join(columns, ", ")+") IN (SELECT u."+strings.Join(names, ", u.")+
		" FROM unnest("+strings.Join(lists, ", ")+") AS u ("+strings.Join(names, ", ")+"))", values...)
}

// array binds a list as one value; squirrel would expand a slice.
func array[T string | float64 | int64](values []T) any { return values }

func (dialect) Contains(column, text string) sq.Sqlizer {
	return sq.Expr("strpos("+column+", ?) > 0", text)
}
