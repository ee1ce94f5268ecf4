package sqlstore

import (
	"context"
	"database/sql"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// Dialect is what one database does otherwise than the other.
type Dialect interface {
	// Placeholders is the form of bound values in the text of a statement.
	Placeholders() sq.PlaceholderFormat
	// BeginRead and BeginWrite start a transaction. One that writes takes its lock at
	// once, where the database has but one.
	BeginRead() string
	BeginWrite() string
	// ID returns an id as a bound value; "" is the id that nothing has.
	ID(id string) any
	// NoID spells that id as a literal, as in the conditions of partial indexes.
	NoID() string
	// InIDs and InTexts test whether a column holds one of the values; there is at least one.
	InIDs(column string, ids []string) sq.Sqlizer
	InTexts(column string, texts []string) sq.Sqlizer
	// InNumbers and InMicros do so for numbers, and for times in microseconds.
	InNumbers(column string, numbers []float64) sq.Sqlizer
	InMicros(column string, micros []int64) sq.Sqlizer
	// InTuples tests whether columns hold one of the rows.
	InTuples(columns []string, rows [][]string) sq.Sqlizer
	// Contains tests whether a column contains a text, every character of which is literal.
	Contains(column, text string) sq.Sqlizer
	// TableThere asks for a row if the database has the table that it is given.
	TableThere() string
	// Error makes the driver's error clear, by its code. It wraps it.
	Error(err error) error
	// Index returns the search index that the engine has to keep, nil for none.
	Index() Index
}

// Index spells the documents and queries of a search index that the engine keeps in
// TextTable. An Index also means that the database does not know how common values are:
// the engine then plans by its own counters.
type Index interface {
	// Document spells the searchable text of a visitor.
	Document(ws string, p Searchable) string
	// Terms spells a query that finds a visitor if and only if filter.Match does.
	Terms(ws string, terms filter.Terms) string
	// Exact reports whether Terms is quick to run; it is not where a term is long.
	Exact(terms filter.Terms) bool
	// Grams and Narrow spell queries each of which finds every visitor that Terms does, and
	// perhaps more: those of Grams are the quickest and find the most. Of either, one may
	// find far fewer than another; there may be none of Grams. A term without a text has only
	// digits.
	Grams(ws string, terms filter.Terms) []string
	Narrow(ws string, terms filter.Terms) []string
}

// Searchable is the text of a visitor that a search looks at.
type Searchable struct {
	Name, Email string // folded
	Phone       string
}

func searchable(v visitor.Visitor) Searchable {
	return Searchable{Name: fold(v.Name), Email: fold(v.Email), Phone: v.Phone}
}

// Conn is a connection or a transaction of database/sql.
type Conn interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}
