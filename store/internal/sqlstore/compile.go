package sqlstore

import (
	"fmt"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// compiler turns nodes of a bound filter into predicates. None can be NULL: all columns are
// NOT NULL, and conditions on other tables are an EXISTS or a count.
type compiler struct {
	scope
	id      string // the column with the visitor's id
	profile bool   // set if a predicate needs the profile, which must then be joined as v
}

var (
	always = sq.Expr("1=1")
	never  = sq.Expr("1=0")
)

// Compile returns the SELECT of the ids of a workspace's visitors that match a filter, as it
// is if no index is chosen, and the values that it binds.
func Compile(d Dialect, ws driver.WorkspaceID, where filter.Bound) (text string, args []any, err error) {
	s := scope{d: newDatabase(d), name: string(ws), ws: string(ws)}
	q := s.where(s.from(visitorTable, "v", "v.id"), indexPath{alias: "v", id: "v.id"}, conjuncts(where.Node()), ordering{}, nil)
	if text, args, err = q.ToSql(); err != nil {
		return "", nil, err
	}
	text, err = d.Placeholders().ReplacePlaceholders(text)
	return text, args, err
}

// leaves calls visit for the nodes of a tree that have no others inside.
func leaves(n bound.Node, visit func(bound.Node)) {
	switch n := n.(type) {
	case bound.AllOf:
		for _, child := range n {
			leaves(child, visit)
		}
	case bound.AnyOf:
		for _, child := range n {
			leaves(child, visit)
		}
	case bound.Negation:
		leaves(n.Of, visit)
	default:
		visit(n)
	}
}

func (c *compiler) node(n bound.Node) sq.Sqlizer {
	switch n := n.(type) {
	case bound.Constant:
		if n {
			return always
		}
		return never
	case bound.AllOf:
		return c.join(n, "AND")
	case bound.AnyOf:
		return c.join(n, "OR")
	case bound.Negation:
		return sq.Expr("NOT (?)", c.node(n.Of))
	case bound.Terms:
		return c.terms(n)
	case *bound.Test:
		return c.test(n)
	case *bound.Permission: // see matcherOf
		return sq.Expr("length(" + c.column("consents") + ") > 0")
	}
	panic(fmt.Sprintf("compile filter: unknown node %T", n)) // the set is closed
}

func (c *compiler) join(nodes []bound.Node, operator string) sq.Sqlizer {
	return balanced(lo.Map(nodes, func(n bound.Node, _ int) sq.Sqlizer { return c.node(n) }), operator)
}

// balanced joins predicates by halves: databases limit the depth of an expression, and a
// chain of a thousand is a thousand deep.
func balanced(parts []sq.Sqlizer, operator string) sq.Sqlizer {
	if len(parts) == 1 {
		return parts[0]
	}
	middle := len(parts) / 2
	return sq.Expr("(? "+operator+" ?)", balanced(parts[:middle], operator), balanced(parts[middle:], operator))
}

func anyOf(parts ...sq.Sqlizer) sq.Sqlizer { return balanced(parts, "OR") }
func allOf(parts ...sq.Sqlizer) sq.Sqlizer { return balanced(parts, "AND") }

// terms tests whether the name, the e-mail or the phone has each term.
func (c *compiler) terms(terms bound.Terms) sq.Sqlizer {
	parts := make([]sq.Sqlizer, len(terms))
	for i, t := range terms {
		if server := c.d.server; server != nil {
			parts[i] = server.Term(c.column("search"), t)
			continue
		}
		places := []sq.Sqlizer{
			c.d.Contains(c.column("name_fold"), t.Text),
			c.d.Contains(c.searchable("email_fold"), t.Text),
		}
		if t.Digits != "" {
			places = append(places, c.d.Contains(c.column("phone"), t.Digits))
		}
		parts[i] = anyOf(places...)
	}
	return allOf(parts...)
}

// column returns the name of a column of the profile.
func (c *compiler) column(name string) string {
	c.profile = true
	return "v." + name
}

// searchable is column, for a text of the profile.
func (c *compiler) searchable(name string) string {
	if column := c.column(name); name != "email_fold" {
		return column
	}
	return c.emailFold("v.")
}

// exists tests whether a table has a row of the visitor that passes the tests.
func (c *compiler) exists(table, alias string, tests ...sq.Sqlizer) sq.Sqlizer {
	return sq.Expr("EXISTS (?)", c.rows(table, alias, "1", tests))
}

// rows starts a SELECT of the visitor's rows of a table.
func (c *compiler) rows(table, alias, column string, tests []sq.Sqlizer) sq.SelectBuilder {
	owner, is := "visitor_id", c.id
	if c.d.server == nil && table != visitorTagTable && table != visitorGroupTable {
		owner, is = c.owner(), c.column("rowkey")
	}
	q := c.childRows(table, alias, column).Where(alias + "." + owner + " = " + is)
	for _, t := range tests {
		q = q.Where(t)
	}
	return q
}
