package sqlstore

import (
	"fmt"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// compiler spells nodes of a bound filter as predicates. None of them can be NULL: the
// columns are NOT NULL, and everything else is an EXISTS.
type compiler struct {
	scope
	id      string // the column with the visitor's id
	profile bool   // whether a predicate looked at the profile, which must be joined as v
}

var (
	always = sq.Expr("1=1")
	never  = sq.Expr("1=0")
)

// Compile spells the SELECT of the ids of those in a workspace whom a filter matches, as it
// is where no index is to be preferred, and returns it with the values it binds.
func Compile(d Dialect, ws driver.WorkspaceID, where filter.Bound) (text string, args []any, err error) {
	s := scope{d: newDatabase(d), ws: string(ws)}
	q, err := s.where(s.from(visitorTable, "v", "v.id"), access{alias: "v", id: "v.id"}, conjuncts(where.Node()), ordering{}, nil)
	if err != nil {
		return "", nil, err
	}
	if text, args, err = q.ToSql(); err != nil {
		return "", nil, err
	}
	text, err = d.Placeholders().ReplacePlaceholders(text)
	return text, args, err
}

func (c *compiler) node(n filter.Node) (sq.Sqlizer, error) {
	switch n := n.(type) {
	case filter.Constant:
		if n {
			return always, nil
		}
		return never, nil
	case filter.AllOf:
		return c.join(n, "AND")
	case filter.AnyOf:
		return c.join(n, "OR")
	case filter.Negation:
		inner, err := c.node(n.Of)
		if err != nil {
			return nil, err
		}
		return sq.Expr("NOT (?)", inner), nil
	case filter.Terms:
		return c.terms(n), nil
	case *filter.Test:
		return c.test(n)
	}
	return nil, fmt.Errorf("compile filter: unknown node %T", n)
}

func (c *compiler) join(nodes []filter.Node, operator string) (sq.Sqlizer, error) {
	parts := make([]sq.Sqlizer, len(nodes))
	for i, n := range nodes {
		var err error
		if parts[i], err = c.node(n); err != nil {
			return nil, err
		}
	}
	return balanced(parts, operator), nil
}

// balanced joins predicates by halves: a database limits how deep an expression is, and
// a flat chain of a thousand is a thousand deep.
func balanced(parts []sq.Sqlizer, operator string) sq.Sqlizer {
	if len(parts) == 1 {
		return parts[0]
	}
	middle := len(parts) / 2
	return sq.Expr("(? "+operator+" ?)", balanced(parts[:middle], operator), balanced(parts[middle:], operator))
}

func anyOf(parts ...sq.Sqlizer) sq.Sqlizer { return balanced(parts, "OR") }
func allOf(parts ...sq.Sqlizer) sq.Sqlizer { return balanced(parts, "AND") }

// terms looks for each term in the name, the e-mail and the phone.
func (c *compiler) terms(terms filter.Terms) sq.Sqlizer {
	parts := make([]sq.Sqlizer, len(terms))
	for i, t := range terms {
		if server := c.d.server; server != nil {
			parts[i] = server.Term(c.column("search"), t)
			continue
		}
		places := []sq.Sqlizer{
			c.d.Contains(c.column("name_fold"), t.Text),
			c.d.Contains(c.column("email_fold"), t.Text),
		}
		if t.Digits != "" {
			places = append(places, c.d.Contains(c.column("phone"), t.Digits))
		}
		parts[i] = anyOf(places...)
	}
	return allOf(parts...)
}

// column is a column of the profile.
func (c *compiler) column(name string) string {
	c.profile = true
	return "v." + name
}

// exists tests for a row of a table that hangs on the visitor.
func (c *compiler) exists(table, alias string, tests ...sq.Sqlizer) sq.Sqlizer {
	return sq.Expr("EXISTS (?)", c.rows(table, alias, "1", tests))
}

// rows starts a SELECT of rows that hang on the visitor.
func (c *compiler) rows(table, alias, column string, tests []sq.Sqlizer) sq.SelectBuilder {
	q := c.hanging(table, alias, column).Where(alias + ".visitor_id = " + c.id)
	for _, t := range tests {
		q = q.Where(t)
	}
	return q
}
