package sqlstore

import (
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/visitor"
)

func (c *compiler) test(t *bound.Test) (sq.Sqlizer, error) {
	switch t.Field.Kind {
	case bound.EnumKind:
		return c.d.InTexts(c.column(t.Field.Column), t.Texts), nil
	case bound.IDKind:
		return c.d.InIDs(c.id, t.Texts), nil
	case bound.TextKind, bound.PhoneKind:
		return c.text(c.column(t.Field.Column), t)
	case bound.TimeKind:
		if t.Field.Column == "created_at" {
			return c.created(t), nil
		}
		return c.present(c.column(t.Field.Column), t), nil
	case bound.TagKind:
		return c.tag(t), nil
	case bound.GroupKind:
		return c.group(t), nil
	case bound.IdentityKind:
		return c.identity(t), nil
	case bound.AttrKind:
		return c.attribute(t)
	}
	return nil, fmt.Errorf("compile filter: unknown kind of field %q", t.Field.Kind)
}

// text tests a folded column, or a phone. Operands are never empty, so an empty column fails
// every test.
func (c *compiler) text(column string, t *bound.Test) (sq.Sqlizer, error) {
	test, err := c.textIs(column, t)
	if server := c.d.server; server != nil && err == nil {
		test = server.Indexed(test, column, "v.search", t)
	}
	return test, err
}

func (c *compiler) textIs(column string, t *bound.Test) (sq.Sqlizer, error) {
	switch t.Op {
	case bound.OpExists:
		return sq.Expr(column + " <> ''"), nil
	case bound.OpIn:
		return c.d.InTexts(column, t.Texts), nil
	}
	has := map[bound.Op]func(column, text string) sq.Sqlizer{
		bound.OpContains: c.d.Contains, bound.OpPrefix: hasPrefix, bound.OpSuffix: hasSuffix,
	}[t.Op]
	if has == nil {
		return nil, fmt.Errorf("compile filter: unknown operator %q on a text", t.Op)
	}
	parts := make([]sq.Sqlizer, len(t.Texts))
	for i, text := range t.Texts {
		parts[i] = has(column, text)
	}
	return anyOf(parts...), nil
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

func (c *compiler) tag(t *bound.Test) sq.Sqlizer {
	switch t.Op {
	case bound.OpExists:
		return c.exists(visitorTagTable, "l")
	case bound.OpAll:
		return c.every(t, visitorTagTable, "l", c.listed("l.tag_id", t.Texts))
	}
	return c.exists(visitorTagTable, "l", c.listed("l.tag_id", t.Texts))
}

func (c *compiler) group(t *bound.Test) sq.Sqlizer {
	switch t.Op {
	case bound.OpExists:
		return c.exists(visitorGroupTable, "m", sq.Expr("m.excluded = 0"))
	case bound.OpExcluded:
		return c.exists(visitorGroupTable, "m", c.listed("m.group_id", t.Texts), sq.Expr("m.excluded = 1"))
	case bound.OpAll:
		return c.every(t, visitorGroupTable, "m", c.listed("m.group_id", t.Texts), sq.Expr("m.excluded = 0"))
	}
	return c.exists(visitorGroupTable, "m", c.listed("m.group_id", t.Texts), sq.Expr("m.excluded = 0"))
}

// maxListed is the maximum of tags or groups that SQLite looks up one by one for a visitor. For
// more, the + makes it read those of the visitor.
const maxListed = 16

func (c *compiler) listed(column string, ids []string) sq.Sqlizer {
	if len(ids) > maxListed && c.d.Index() != nil {
		column = "+" + column
	}
	return c.d.InIDs(column, ids)
}

// every compares the number of rows: a visitor has at most one for each tag or group.
func (c *compiler) every(t *bound.Test, table, alias string, tests ...sq.Sqlizer) sq.Sqlizer {
	return sq.Expr("(?) = ?", c.rows(table, alias, "count(*)", tests), len(t.Texts))
}

func (c *compiler) identity(t *bound.Test) sq.Sqlizer {
	if t.Op == bound.OpExists {
		return c.exists(identityTable, "i")
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

func (c *compiler) attribute(t *bound.Test) (sq.Sqlizer, error) {
	value, err := c.attributeIs(t)
	if err != nil {
		return nil, err
	}
	return c.exists(attributeTable, "a", value), nil
}

// attributeIs tests a row of the attributes, with the columns in the order of their index.
func (c *compiler) attributeIs(t *bound.Test) (sq.Sqlizer, error) {
	named := sq.Expr("a.name = ?", t.Attr)
	if t.Op == bound.OpExists {
		return named, nil
	}
	switch t.Kind {
	case visitor.TextKind:
		value, err := c.text("a.text_fold", t)
		return allOf(named, sq.Expr("a.kind IN (1, 5)"+c.unused("number", "micros")), value), err
	case visitor.NumberKind:
		return allOf(named, sq.Expr("a.kind = 2"), c.numberIn(t.Numbers)), nil
	case visitor.BoolKind:
		return allOf(named, sq.Expr("a.kind = 3"), c.numberIn(t.Numbers)), nil
	case visitor.TimeKind:
		return allOf(named, sq.Expr("a.kind = 4"+c.unused("number")), c.timeIn("a.micros", t.Times)), nil
	}
	return nil, fmt.Errorf("compile filter: unknown kind of value %q", t.Kind)
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
	parts := []sq.Sqlizer{always}
	if r.Min > 0 {
		parts = append(parts, sq.Expr(c.id+" >= ?", c.firstID(r.Min)))
	}
	if r.Max != math.MaxInt64 {
		parts = append(parts, sq.Expr(c.id+" < ?", c.firstID(r.Max+1)))
	}
	if len(parts) > 1 {
		parts = parts[1:]
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
