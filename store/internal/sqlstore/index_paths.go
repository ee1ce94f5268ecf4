package sqlstore

import (
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// indexPath is a way to find visitors by an index: all that a condition matches, and perhaps
// more, for which the condition must then be tested. An ordered path is exact, in the order of
// ids, and counted.
type indexPath struct {
	from    string     // the table, its alias and the index
	query   sq.Sqlizer // in place of from: a SELECT of ids or row keys
	alias   string     // of the table; "" for the search index
	id      string     // the column with the visitor's id
	rowkey  string     // the column with the row key, if that is all the path has: the profile is joined to it
	where   sq.Sqlizer
	exact   bool       // all visitors on it match the condition
	slow    bool       // finding the first visitors on it can take as long as finding all
	counter counterKey // has the number of visitors on it; zero if no counter has
}

func visitorsBy(index string, where sq.Sqlizer) indexPath {
	return indexPath{from: visitorTable + " v INDEXED BY " + index, alias: "v", id: "v.id", where: where, exact: true}
}

// maxOrderedPaths is the maximum of paths that are merged.
const maxOrderedPaths = 16

// orderedPaths returns the distinct ordered paths that together have exactly the visitors that n
// matches; none if no such paths exist, or too many.
func (s scope) orderedPaths(n bound.Node) []indexPath {
	var all []indexPath
	switch n := n.(type) {
	case bound.AnyOf:
		for _, child := range n {
			some := s.orderedPaths(child)
			if some == nil {
				return nil
			}
			all = append(all, some...)
		}
	case *bound.Test:
		if n.Op != bound.OpIn || len(n.Texts) > maxOrderedPaths {
			return nil
		}
		for _, operand := range n.Texts {
			if a, ok := s.orderedPath(n.Field.Kind, operand); ok {
				all = append(all, a)
			}
		}
	}
	all = lo.UniqBy(all, func(a indexPath) counterKey { return a.counter })
	if len(all) == 0 || len(all) > maxOrderedPaths {
		return nil
	}
	return all
}

func (s scope) orderedPath(k bound.Kind, operand string) (a indexPath, ok bool) {
	switch k {
	case bound.EnumKind:
		a = visitorsBy("visitors_visitor_source", sq.Expr("v.source = ?", operand))
		a.counter = counterKey{addToSource, operand}
	case bound.TagKind:
		a = indexPath{
			from: visitorTagTable + " d", alias: "d", id: "d.visitor_id",
			where: s.ref("d.tag_id", []string{operand}), counter: counterKey{addToTag, operand},
		}
	case bound.GroupKind:
		a = indexPath{
			from: visitorGroupTable + " d", alias: "d", id: "d.visitor_id",
			where: allOf(s.ref("d.group_id", []string{operand}), sq.Expr("d.excluded = 0")), counter: counterKey{addToGroup, operand},
		}
	default:
		return a, false
	}
	a.exact = true
	return a, true
}

// membershipPath is the path to the visitors with a tag or in a group.
func (s scope) membershipPath(n bound.Node) (indexPath, bool) {
	t, ok := n.(*bound.Test)
	if !ok || t.Op != bound.OpIn || len(t.Texts) != 1 || partOf(t.Field)&(driver.Tags|driver.Groups) == 0 {
		return indexPath{}, false
	}
	return s.orderedPath(t.Field.Kind, t.Texts[0])
}

// childList is the path to the visitors who have rows in a table that pass a test. If many is
// set, one can have several. The table is in a subquery, since conditions can use it again by the
// same alias.
func (s scope) childList(index, table, alias string, test sq.Sqlizer, many bool) []indexPath {
	q := s.fromBy(index, table, alias, alias+".visitor").Where(test)
	if many {
		q = q.Distinct()
	}
	return []indexPath{{query: q, alias: "p", id: "v.id", rowkey: "p.visitor", exact: true}}
}

// unorderedPaths returns other paths to what a condition matches, each to all of it. They are
// not in order and not counted, so they are useful if they are short.
func (s scope) unorderedPaths(n bound.Node) []indexPath {
	switch n := n.(type) {
	case bound.Terms:
		return s.searchPaths(n, true)
	case *bound.Test:
		if n.Op != bound.OpExists || n.Field.Kind == bound.AttrKind {
			return s.testPaths(n)
		}
	}
	return nil
}

// searchPaths returns paths by the search index.
func (s scope) searchPaths(terms bound.Terms, exact bool) []indexPath {
	index := s.d.Index()
	var all []indexPath
	for _, query := range index.Grams(s.token(), terms) {
		all = append(all, searchPath(query, false))
	}
	queries := index.Narrow(s.token(), terms)
	if index.Exact(terms) {
		queries = []string{index.Terms(s.token(), terms)}
	} else {
		exact = false
	}
	for _, query := range queries {
		a := searchPath(query, exact)
		a.slow = true
		all = append(all, a)
	}
	return all
}

func (s scope) testPaths(t *bound.Test) []indexPath {
	c := compiler{scope: s}
	switch t.Field.Kind {
	case bound.IDKind:
		return []indexPath{visitorsBy("visitors_visitor_id", s.d.InIDs("v.id", t.Texts))}
	case bound.TextKind, bound.PhoneKind:
		return s.textPaths(t)
	case bound.TimeKind:
		index := map[string]string{"updated_at": "visitors_visitor_updated", "last_seen_at": "visitors_visitor_seen"}[t.Field.Column]
		if index != "" {
			return []indexPath{visitorsBy(index, c.present("v."+t.Field.Column, t))}
		}
	case bound.IdentityKind:
		return s.childList("visitors_by_identity_account", identityTable, "i", c.identityIs(t.Refs), true)
	case bound.InboxKind:
		test := s.d.InTexts("x.inbox", t.Texts)
		return s.childList("sqlite_autoindex_visitors_by_inbox_1", visitorInboxTable, "x", test, len(t.Texts) > 1)
	case bound.AttrKind:
		test := c.attributeIs(t)
		if t.Op == bound.OpExists {
			test = allOf(test, sq.Expr("a.ord = 0")) // of a list, only the first item
		}
		return s.childList("visitors_by_attribute_value", attributeTable, "a", test, t.Kind == visitor.TextKind)
	}
	return nil
}

// maxSearchTexts is the maximum of texts in a query of the search index.
const maxSearchTexts = 16

// textPaths returns paths by the index of names, or by the search index.
func (s scope) textPaths(t *bound.Test) []indexPath {
	if t.Field.Column == "name_fold" && (t.Op == bound.OpIn || t.Op == bound.OpPrefix) {
		c := compiler{scope: s}
		return []indexPath{visitorsBy("visitors_visitor_name", c.text("v.name_fold", t))}
	}
	if !isSearchable(t.Field.Column) {
		return nil
	}
	part := func(text string) bound.Terms {
		if t.Field.Kind == bound.PhoneKind {
			return bound.Terms{{Digits: text}}
		}
		return bound.Terms{{Text: text}}
	}
	switch {
	case len(t.Texts) == 1:
		return s.searchPaths(part(t.Texts[0]), false)
	case len(t.Texts) > maxSearchTexts:
		return nil
	}
	queries := make([]string, len(t.Texts))
	for i, text := range t.Texts {
		queries[i] = s.d.Index().Narrow(s.token(), part(text))[0]
	}
	return []indexPath{searchPath(strings.Join(queries, " OR "), false)}
}

// searchPath is the path to what a query of the search index finds.
func searchPath(query string, exact bool) indexPath {
	where := sq.Expr("f."+TextTable+" MATCH ?", query)
	return indexPath{from: TextTable + " f", id: "v.id", rowkey: "f.docid", where: where, exact: exact}
}

// byRowkeys is the path to visitors on a that were found before, with those row keys.
func (a indexPath) byRowkeys(rowkeys string) indexPath {
	return indexPath{
		from: visitorTable + " v NOT INDEXED", alias: "v", id: "v.id", exact: a.exact,
		where: sq.Expr("v.rowkey IN (SELECT value FROM json_each(?))", rowkeys),
	}
}

// hasProfile reports whether the path has the profile as v.
func (a indexPath) hasProfile() bool { return a.alias == "v" || a.rowkey != "" }
