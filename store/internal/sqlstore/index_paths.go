package sqlstore

import (
	"slices"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
)

// access is a way to reach visitors by an index: all that a condition matches, and
// perhaps more, which the condition then has to sort out.
type access struct {
	from   string // the table, its alias, and the index that is meant
	alias  string // "" for the search index, by way of which the profile is joined
	id     string // the column with the visitor's id
	where  sq.Sqlizer
	many   bool    // a visitor may come more than once
	sorted bool    // visitors come in the order of ids
	exact  bool    // it reaches none that the condition does not match
	brief  bool    // it pays only where it reaches few, and may reach very many
	of     counted // the counter that has its size; zero where none has
}

func profileBy(index string, where sq.Sqlizer) access {
	return access{from: visitorTable + " v INDEXED BY " + index, alias: "v", id: "v.id", where: where, exact: true}
}

// everyone reaches all visitors in the order of ids.
func everyone() access {
	a := profileBy("visitors_visitor_id", nil)
	a.sorted = true
	return a
}

// mostStreams is how many streams are merged.
const mostStreams = 16

// streams returns the accesses that together reach exactly what n matches, each in the
// order of ids, counted, and there once; none if there are no such, or too many.
func (s scope) streams(n filter.Node) []access {
	var all []access
	add := func(a access) {
		if !slices.ContainsFunc(all, func(other access) bool { return other.of == a.of }) {
			all = append(all, a)
		}
	}
	switch n := n.(type) {
	case filter.AnyOf:
		for _, child := range n {
			some := s.streams(child)
			if some == nil {
				return nil
			}
			for _, a := range some {
				add(a)
			}
		}
	case *filter.Test:
		if n.Op != filter.OpIn || len(n.Texts) > mostStreams {
			return nil
		}
		for _, operand := range n.Texts {
			if a, ok := s.stream(n.Field.Kind, operand); ok {
				add(a)
			}
		}
	}
	if len(all) > mostStreams {
		return nil
	}
	return all
}

func (s scope) stream(k filter.Kind, operand string) (a access, ok bool) {
	switch k {
	case filter.EnumKind:
		a = profileBy("visitors_visitor_source", sq.Expr("v.source = ?", operand))
		a.of = counted{addToSource, operand}
	case filter.TagKind:
		a = access{
			from: visitorTagTable + " d INDEXED BY visitors_visitor_tag_tag", alias: "d", id: "d.visitor_id",
			where: sq.Expr("d.tag_id = ?", s.d.ID(operand)), of: counted{addToTag, operand},
		}
	case filter.GroupKind:
		a = access{
			from: visitorGroupTable + " d INDEXED BY visitors_visitor_group_group", alias: "d", id: "d.visitor_id",
			where: sq.Expr("d.group_id = ? AND d.excluded = 0", s.d.ID(operand)), of: counted{addToGroup, operand},
		}
	default:
		return access{}, false
	}
	a.sorted, a.exact = true, true
	return a, true
}

// lists returns accesses to what a condition matches that are in no useful order and not
// counted, so that they pay where they are short. Each by itself will do.
func (s scope) lists(n filter.Node) []access {
	switch n := n.(type) {
	case filter.Terms:
		return s.searches(n, true)
	case *filter.Test:
		if n.Op != filter.OpExists || n.Field.Kind == filter.AttrKind {
			return s.listTest(n)
		}
	}
	return nil
}

// searches asks the search index for terms.
func (s scope) searches(terms filter.Terms, exact bool) []access {
	index := s.d.Index()
	var all []access
	for _, query := range index.Grams(s.ws, terms) {
		a := found(query, false)
		a.brief = true
		all = append(all, a)
	}
	if index.Exact(terms) {
		return append(all, found(index.Terms(s.ws, terms), exact))
	}
	for _, query := range index.Narrow(s.ws, terms) {
		all = append(all, found(query, false))
	}
	return all
}

func (s scope) listTest(t *filter.Test) []access {
	switch t.Field.Kind {
	case filter.IDKind:
		return []access{profileBy("visitors_visitor_id", s.d.InIDs("v.id", t.Texts))}
	case filter.TextKind, filter.PhoneKind:
		return s.listText(t)
	case filter.TimeKind:
		index := map[string]string{"updated_at": "visitors_visitor_updated", "last_seen_at": "visitors_visitor_seen"}[t.Field.Column]
		if index != "" {
			c := compiler{scope: s}
			return []access{profileBy(index, c.present("v."+t.Field.Column, t))}
		}
	case filter.IdentityKind:
		c := compiler{scope: s}
		return []access{{
			from: identityTable + " i INDEXED BY visitors_identity_account", alias: "i", id: "i.visitor_id",
			where: c.identityIs(t.Refs), many: true, exact: true,
		}}
	case filter.AttrKind:
		c := compiler{scope: s}
		if where, err := c.attributeIs(t); err == nil {
			a := access{
				from: attributeTable + " a INDEXED BY visitors_attribute_value", alias: "a", id: "a.visitor_id",
				where: where, many: t.Kind == filter.TextValue, exact: true,
			}
			if t.Op == filter.OpExists {
				a.where = allOf(where, sq.Expr("a.ord = 0")) // of a list, the first item
			}
			return []access{a}
		}
	}
	return nil
}

// mostParts is how many texts the search index is asked for at once.
const mostParts = 16

// listText goes by the index of names, or asks the search index for what contains the
// operand anywhere.
func (s scope) listText(t *filter.Test) []access {
	if t.Field.Column == "name_fold" && (t.Op == filter.OpIn || t.Op == filter.OpPrefix) {
		c := compiler{scope: s}
		if where, err := c.text("v.name_fold", t); err == nil {
			return []access{profileBy("visitors_visitor_name", where)}
		}
	}
	part := func(text string) filter.Terms {
		if t.Field.Kind == filter.PhoneKind {
			return filter.Terms{{Digits: text}}
		}
		return filter.Terms{{Text: text}}
	}
	switch {
	case len(t.Texts) == 1:
		return s.searches(part(t.Texts[0]), false)
	case len(t.Texts) > mostParts:
		return nil
	}
	queries := make([]string, len(t.Texts))
	for i, text := range t.Texts {
		queries[i] = s.d.Index().Narrow(s.ws, part(text))[0]
	}
	return []access{found(strings.Join(queries, " OR "), false)}
}

// found reaches what a query of the search index finds.
func found(query string, exact bool) access {
	return access{from: TextTable + " f", id: "v.id", where: sq.Expr("f."+TextTable+" MATCH ?", query), exact: exact}
}

// these reaches the visitors with those row keys, which an access has found.
func (a access) these(rowkeys string) access {
	return access{
		from: visitorTable + " v NOT INDEXED", alias: "v", id: "v.id", exact: a.exact,
		where: sq.Expr("v.rowkey IN (SELECT value FROM json_each(?))", rowkeys),
	}
}

// profiled reports whether the profile is at hand as v.
func (a access) profiled() bool { return a.alias == "v" || a.alias == "" }
