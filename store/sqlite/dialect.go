package sqlite

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// dialect is the SQL dialect of SQLite.
type dialect struct{}

var _ sqlstore.Dialect = dialect{}

func (dialect) Placeholders() sq.PlaceholderFormat { return sq.Question }
func (dialect) BeginRead() string                  { return "BEGIN" }
func (dialect) BeginWrite() string                 { return "BEGIN IMMEDIATE" }
func (dialect) Index() sqlstore.Index              { return grams{} }

func (dialect) JoinIDs(column string) string { return "group_concat(hex(" + column + "))" }

func (dialect) TableExists() string {
	return "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
}

// ID binds an id as its 16 bytes. A malformed id becomes the nil UUID, which no row has.
func (dialect) ID(id string) any {
	u, err := uuid.Parse(id)
	if err != nil {
		u = uuid.Nil
	}
	return u[:]
}

func (dialect) NoID() string { return "x'00000000000000000000000000000000'" }

// fewValues is the number of values that are bound one by one. More are bound as one JSON
// text, which keeps statements few and short.
const fewValues = 4

func (d dialect) InIDs(column string, ids []string) sq.Sqlizer {
	if len(ids) > fewValues {
		encoded := lo.Map(ids, func(id string, _ int) string { return hex.EncodeToString(d.ID(id).([]byte)) })
		return sq.Expr(column+" IN (SELECT unhex(value) FROM json_each(?))", asJSON(encoded))
	}
	return in(column, lo.Map(ids, func(id string, _ int) any { return d.ID(id) }))
}

func (dialect) InTexts(column string, texts []string) sq.Sqlizer {
	if len(texts) > fewValues {
		return sq.Expr(column+" IN (SELECT value FROM json_each(?))", asJSON(texts))
	}
	return in(column, lo.ToAnySlice(texts))
}

// InNumbers binds numbers one by one, as JSON could change the last bit.
func (dialect) InNumbers(column string, numbers []float64) sq.Sqlizer {
	return in(column, lo.ToAnySlice(numbers))
}

func (dialect) InMicros(column string, micros []int64) sq.Sqlizer {
	if len(micros) == 1 {
		return in(column, []any{micros[0]})
	}
	return sq.Expr(column+" IN (SELECT value FROM json_each(?))", asJSON(micros))
}

func (dialect) InTuples(columns []string, rows [][]string) sq.Sqlizer {
	parts := make([]string, len(columns))
	for i := range columns {
		parts[i] = fmt.Sprintf("value ->> %d", i)
	}
	return sq.Expr("("+strings.Join(columns, ", ")+") IN (SELECT "+strings.Join(parts, ", ")+" FROM json_each(?))", asJSON(rows))
}

func in(column string, values []any) sq.Sqlizer {
	if len(values) == 1 {
		return sq.Expr(column+" = ?", values[0])
	}
	return sq.Expr(column+" IN ("+sq.Placeholders(len(values))+")", values...)
}

func asJSON[T string | int64 | []string](values []T) string {
	b, _ := json.Marshal(values) // never fails for these types
	return string(b)
}

func (dialect) Contains(column, text string) sq.Sqlizer {
	return sq.Expr("instr("+column+", ?) > 0", text)
}
