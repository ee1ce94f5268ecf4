package sqlstore

import (
	"context"
	"database/sql"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Dialect is what differs between databases.
type Dialect interface {
	// Placeholders is the form of placeholders in statements.
	Placeholders() sq.PlaceholderFormat
	// BeginRead and BeginWrite are the statements that start a transaction. If the database
	// has only one lock for writing, BeginWrite takes it. Each is a single statement: a router
	// before several servers does not accept more in one call.
	BeginRead() string
	BeginWrite() string
	// ID returns an id as a bound value; "" is the nil id, which nothing has.
	ID(id string) any
	// NoID is the nil id as a literal, as in the conditions of partial indexes.
	NoID() string
	// InIDs and InTexts test whether a column has one of the values, which are not empty.
	InIDs(column string, ids []string) sq.Sqlizer
	InTexts(column string, texts []string) sq.Sqlizer
	// InNumbers and InMicros do so for numbers and for times in microseconds.
	InNumbers(column string, numbers []float64) sq.Sqlizer
	InMicros(column string, micros []int64) sq.Sqlizer
	// InTuples tests whether columns have the values of one of the rows.
	InTuples(columns []string, rows [][]string) sq.Sqlizer
	// Contains tests whether a column contains a text, in which no character is special.
	Contains(column, text string) sq.Sqlizer
	// JoinIDs is an aggregate of a column of ids: in a form that uuid.Parse reads, separated by
	// commas; NULL for no rows.
	JoinIDs(column string) string
	// TableExists is a query that returns a row if the table that is bound exists.
	TableExists() string
	// Error wraps an error of the driver in one that says what its code means.
	Error(err error) error
	// Index returns the search index that the engine keeps, nil for none.
	Index() Index
}

// Index formats the documents and queries of a search index that the engine keeps in
// TextTable. A database with an Index does not know how common values are: for it, the engine
// also keeps counters.
type Index interface {
	// Document returns the document of a visitor.
	Document(ws string, p Searchable) string
	// Terms returns a query that finds a visitor if and only if filter.Match does.
	Terms(ws string, terms bound.Terms) string
	// Exact reports whether the query of Terms is quick; it is not if a term is long.
	Exact(terms bound.Terms) bool
	// Grams and Narrow return queries each of which finds every visitor that Terms finds, and
	// perhaps more. Those of Grams are the quickest and find the most; there may be none. One
	// query can find far fewer than another. A term without Text has only Digits.
	Grams(ws string, terms bound.Terms) []string
	Narrow(ws string, terms bound.Terms) []string
}

// Searchable is the text of a visitor that a search looks at.
type Searchable struct {
	Name, Email string // folded
	Phone       string
}

// isSearchable reports whether the search index holds a column of the visitor table.
func isSearchable(column string) bool {
	return column == "name_fold" || column == "email_fold" || column == "phone"
}

func searchable(v visitor.Visitor) Searchable {
	return Searchable{Name: text.Fold(v.Name), Email: text.Fold(v.Email), Phone: v.Phone}
}

// Conn is a connection or a transaction of database/sql.
type Conn interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}
