package sqlstore

import (
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/visitor"
)

func (c *compiler) test(t *bound.Test) sq.Sqlizer {
	switch t.Field.Kind {
	case bound.EnumKind:
		return c.d.InTexts(c.column(t.Field.Column), t.Texts)
	case bound.IDKind:
		return c.d.InIDs(c.id, t.Texts)
	case bound.TextKind, bound.PhoneKind:
		return c.text(c.searchable(t.Field.Column), t)
	case bound.TimeKind:
		if t.Field.Column == "created_at" {
			return c.created(t)
		}
		return c.present(c.column(t.Field.Column), t)
	case bound.TagKind:
		return c.link(t, visitorTagTable, "l.tag_id")
	case bound.GroupKind:
		excluded := "l.excluded = 0"
		if t.Op == bound.OpExcluded {
			excluded = "l.excluded = 1"
		}
		return c.link(t, visitorGroupTable, "l.group_id", sq.Expr(excluded))
	case bound.IdentityKind:
		return c.identity(t)
	case bound.InboxKind:
		if t.Op == bound.OpExists {
			return c.marked("identities")
		}
		return c.exists(visitorInboxTable, "x", c.d.InTexts("x.inbox", t.Texts))
	case bound.AttrKind:
		return c.exists(attributeTable, "a", c.attributeIs(t))
	}
	panic(fmt.Sprintf("compile filter: unknown kind of field %q", t.Field.Kind)) // the set is closed
}

// text tests a folded column, or a phone. Operands are never empty, so an empty column fails
// every test.
func (c *compiler) text(column string, t *bound.Test) sq.Sqlizer {
	test := c.textIs(column, t)
	if server := c.d.server; server != nil {
		test = server.Indexed(test, column, "v.search", t)
	}
	return test
}

func (c *compiler) textIs(column string, t *bound.Test) sq.Sqlizer {
	has := hasPrefix
	switch t.Op {
	case bound.OpExists:
		return sq.Expr(column + " <> ''")
	case bound.OpIn:
		return c.d.InTexts(column, t.Texts)
	case bound.OpContains:
		has = c.d.Contains
	case bound.OpSuffix:
		has = hasSuffix
	}
	return anyOf(lo.Map(t.Texts, func(text string, _ int) sq.Sqlizer { return has(column, text) })...)
}

func hasSuffix(column, suffix string) sq.Sqlizer {
	return sq.Expr("substr("+column+", length("+column+") - ?) = ?", utf8.RuneCountInString(suffix)-1, suffix)
}

// hasPrefix is a range, for which an index can be used. UTF-8 sorts by code points.
func hasPrefix(column, prefix string) sq.Sqlizer {
	end, ok := after(prefix)
	if !ok {
		return sq.Expr(column+" >= ?", prefix)
	}
	return sq.Expr("("+column+" >= ? AND "+column+" < ?)", prefix, end)
}

// after returns the first text after all that start with prefix, false if none is.
func after(prefix string) (string, bool) {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case last == 0xD7FF:
			return prefix + "\uE000", true
		case last < utf8.MaxRune:
			return prefix + string(last+1), true
		}
	}
	return "", false
}

// link tests the rows that link a visitor with tags or groups; included are the tests of a row
// that count.
func (c *compiler) link(t *bound.Test, table, column string, included ...sq.Sqlizer) sq.Sqlizer {
	switch {
	case t.Op == bound.OpExists && table == visitorTagTable:
		return c.any("tags")
	case t.Op == bound.OpExists:
		return c.marked("groups")
	}
	tests := append([]sq.Sqlizer{c.ref(column, t.Texts)}, included...)
	if t.Op == bound.OpAll { // a visitor has at most one row for each tag or group
		return sq.Expr("(?) = ?", c.rows(table, "l", "count(*)", tests), len(t.Texts))
	}
	return c.exists(table, "l", tests...)
}

// any tests whether a packed column has something in it, marked whether its first byte has the
// mark.
func (c *compiler) any(column string) sq.Sqlizer {
	return sq.Expr("length(" + c.column(column) + ") > 0")
}

func (c *compiler) marked(column string) sq.Sqlizer {
	return sq.Expr(c.column(column)+" >= ?", []byte{packedMark})
}

func (c *compiler) identity(t *bound.Test) sq.Sqlizer {
	if t.Op == bound.OpExists {
		return c.any("identities")
	}
	return c.exists(identityTable, "i", c.identityIs(t.Refs))
}

// identityIs tests a row of the identities: first the references to a channel, then those that
// also have an account, an external id, or both.
func (c *compiler) identityIs(refs []bound.IdentityRef) sq.Sqlizer {
	rows := map[[2]bool][][]string{}
	for _, ref := range refs {
		row := []string{string(ref.Source)}
		for _, part := range []string{ref.Account, ref.ExternalID} {
			if part != "" {
				row = append(row, part)
			}
		}
		kind := [2]bool{ref.Account != "", ref.ExternalID != ""}
		rows[kind] = append(rows[kind], row)
	}
	var parts []sq.Sqlizer
	for _, kind := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		columns := []string{"i.source"}
		if kind[0] {
			columns = append(columns, "i.account")
		}
		if kind[1] {
			columns = append(columns, "i.external_id")
		}
		if len(rows[kind]) > 0 {
			parts = append(parts, c.tuples(columns, rows[kind]))
		}
	}
	return anyOf(parts...)
}

// tuples tests whether columns have the values of one of the rows.
func (c *compiler) tuples(columns []string, rows [][]string) sq.Sqlizer {
	if len(rows) > maxTuples {
		return c.d.InTuples(columns, rows)
	}
	parts := make([]sq.Sqlizer, len(rows))
	for i, row := range rows {
		tests := make([]sq.Sqlizer, len(row))
		for k, value := range row {
			tests[k] = sq.Expr(columns[k]+" = ?", value)
		}
		parts[i] = allOf(tests...)
	}
	return anyOf(parts...)
}

// maxTuples is the maximum of rows that are compared one by one.
const maxTuples = 4

// attributeIs tests a row of the attributes, with the columns in the order of their index.
func (c *compiler) attributeIs(t *bound.Test) sq.Sqlizer {
	named := sq.Expr("a.name = ?", t.Attr)
	if t.Op == bound.OpExists {
		return named
	}
	switch t.Kind {
	case visitor.TextKind:
		return allOf(named, sq.Expr("a.kind IN (1, 5)"+c.unused("number", "micros")), c.text("a.text_fold", t))
	case visitor.NumberKind:
		return allOf(named, sq.Expr("a.kind = 2"), c.numberIn(t.Numbers))
	case visitor.BoolKind:
		return allOf(named, sq.Expr("a.kind = 3"), c.numberIn(t.Numbers))
	case visitor.TimeKind:
		return allOf(named, sq.Expr("a.kind = 4"+c.unused("number")), c.timeIn("a.micros", t.Times))
	}
	panic(fmt.Sprintf("compile filter: unknown kind of value %q", t.Kind)) // the set is closed
}

// unused tests the columns of the index that are 0 for this kind of value. A server has an
// index for each kind, without them.
func (c *compiler) unused(columns ...string) (tests string) {
	if c.d.server != nil {
		return ""
	}
	for _, column := range columns {
		tests += " AND a." + column + " = 0"
	}
	return tests
}

func (c *compiler) numberIn(ranges []bound.Range[float64]) sq.Sqlizer {
	points, wide := splitRanges(ranges)
	parts := between("a.number", wide, math.Inf(-1), math.Inf(1))
	if len(points) > 0 {
		parts = append(parts, c.d.InNumbers("a.number", points))
	}
	return anyOf(parts...)
}

func (c *compiler) timeIn(column string, ranges []bound.Range[int64]) sq.Sqlizer {
	points, wide := splitRanges(ranges)
	parts := between(column, wide, math.MinInt64, math.MaxInt64)
	if len(points) > 0 {
		parts = append(parts, c.d.InMicros(column, points))
	}
	return anyOf(parts...)
}

// splitRanges returns the values of ranges of one value, and the other ranges.
func splitRanges[T int64 | float64](ranges []bound.Range[T]) (points []T, wide []bound.Range[T]) {
	for _, r := range ranges {
		if r.Min == r.Max {
			points = append(points, r.Min)
		} else {
			wide = append(wide, r)
		}
	}
	return points, wide
}

// between returns a test for each range; lowest and highest mean that it has no bound.
func between[T int64 | float64](column string, ranges []bound.Range[T], lowest, highest T) []sq.Sqlizer {
	tests := make([]sq.Sqlizer, len(ranges))
	for i, r := range ranges {
		switch {
		case r.Min == lowest && r.Max == highest:
			tests[i] = always
		case r.Min == lowest:
			tests[i] = sq.Expr(column+" <= ?", r.Max)
		case r.Max == highest:
			tests[i] = sq.Expr(column+" >= ?", r.Min)
		default:
			tests[i] = sq.Expr("("+column+" >= ? AND "+column+" <= ?)", r.Min, r.Max)
		}
	}
	return tests
}

// created tests the id, which contains the time of creation (driver.Apply checks that) and is
// in every index.
func (c *compiler) created(t *bound.Test) sq.Sqlizer {
	if t.Op == bound.OpExists {
		return always
	}
	tests := make([]sq.Sqlizer, len(t.Times))
	for i, r := range t.Times {
		tests[i] = c.createdIn(r)
	}
	return anyOf(tests...)
}

func (c *compiler) createdIn(r bound.Range[int64]) sq.Sqlizer {
	if r.Max < 0 {
		return never
	}
	var parts []sq.Sqlizer
	if r.Min > 0 {
		parts = append(parts, sq.Expr(c.id+" >= ?", c.firstID(r.Min)))
	}
	if r.Max != math.MaxInt64 {
		parts = append(parts, sq.Expr(c.id+" < ?", c.firstID(r.Max+1)))
	}
	if len(parts) == 0 {
		return always
	}
	return allOf(parts...)
}

func (c *compiler) firstID(micros int64) any { return c.d.ID(id.First(time.UnixMicro(micros))) }

// present tests a time of the profile; 0 means that it has none.
func (c *compiler) present(column string, t *bound.Test) sq.Sqlizer {
	set := sq.Expr(column + " <> 0")
	if t.Op == bound.OpExists {
		return set
	}
	in := c.timeIn(column, t.Times)
	if slices.ContainsFunc(t.Times, func(r bound.Range[int64]) bool { return r.Min <= 0 && r.Max >= 0 }) {
		return allOf(set, in)
	}
	return in
}
