package sqlstore

import (
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag/id"
)

func (c *compiler) test(t *filter.Test) (sq.Sqlizer, error) {
	switch t.Field.Kind {
	case filter.EnumKind:
		return c.d.InTexts(c.column(t.Field.Column), t.Texts), nil
	case filter.IDKind:
		return c.d.InIDs(c.id, t.Texts), nil
	case filter.TextKind, filter.PhoneKind:
		return c.text(c.column(t.Field.Column), t)
	case filter.TimeKind:
		if t.Field.Column == "created_at" {
			return c.created(t), nil
		}
		return c.present(c.column(t.Field.Column), t), nil
	case filter.TagKind:
		return c.tag(t), nil
	case filter.GroupKind:
		return c.group(t), nil
	case filter.IdentityKind:
		return c.identity(t), nil
	case filter.AttrKind:
		return c.attribute(t)
	}
	return nil, fmt.Errorf("compile filter: unknown kind of field %q", t.Field.Kind)
}

// text tests a folded column, or a phone. Operands are never empty, so no operator but
// exists matches an empty column by itself.
func (c *compiler) text(column string, t *filter.Test) (sq.Sqlizer, error) {
	test, err := c.textIs(column, t)
	if server := c.d.server; server != nil && err == nil {
		test = server.Narrow(test, column, "v.search", t)
	}
	return test, err
}

func (c *compiler) textIs(column string, t *filter.Test) (sq.Sqlizer, error) {
	switch t.Op {
	case filter.OpExists:
		return sq.Expr(column + " <> ''"), nil
	case filter.OpIn:
		return c.d.InTexts(column, t.Texts), nil
	}
	has := map[filter.Op]func(column, text string) sq.Sqlizer{
		filter.OpContains: c.d.Contains, filter.OpPrefix: hasPrefix, filter.OpSuffix: hasSuffix,
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

// hasPrefix is a range, which an index can serve. UTF-8 is in the order of code points.
func hasPrefix(column, prefix string) sq.Sqlizer {
	end, ok := after(prefix)
	if !ok {
		return sq.Expr(column+" >= ?", prefix)
	}
	return sq.Expr("("+column+" >= ? AND "+column+" < ?)", prefix, end)
}

// after returns the first text behind all that start with prefix, false when there is none.
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

func (c *compiler) tag(t *filter.Test) sq.Sqlizer {
	switch t.Op {
	case filter.OpExists:
		return c.exists(visitorTagTable, "l")
	case filter.OpAll:
		return c.every(t, visitorTagTable, "l", c.listed("l.tag_id", t.Texts))
	}
	return c.exists(visitorTagTable, "l", c.listed("l.tag_id", t.Texts))
}

func (c *compiler) group(t *filter.Test) sq.Sqlizer {
	switch t.Op {
	case filter.OpExists:
		return c.exists(visitorGroupTable, "m", sq.Expr("m.excluded = 0"))
	case filter.OpExcluded:
		return c.exists(visitorGroupTable, "m", c.listed("m.group_id", t.Texts), sq.Expr("m.excluded = 1"))
	case filter.OpAll:
		return c.every(t, visitorGroupTable, "m", c.listed("m.group_id", t.Texts), sq.Expr("m.excluded = 0"))
	}
	return c.exists(visitorGroupTable, "m", c.listed("m.group_id", t.Texts), sq.Expr("m.excluded = 0"))
}

// fewListed is up to how many tags or groups are looked for one by one among those of a
// visitor. Where the engine plans, + keeps more from being looked for so.
const fewListed = 16

func (c *compiler) listed(column string, ids []string) sq.Sqlizer {
	if len(ids) > fewListed && c.d.Index() != nil {
		column = "+" + column
	}
	return c.d.InIDs(column, ids)
}

// every counts the rows that are wanted: a table has one for each tag or group of a visitor.
func (c *compiler) every(t *filter.Test, table, alias string, tests ...sq.Sqlizer) sq.Sqlizer {
	return sq.Expr("(?) = ?", c.rows(table, alias, "count(*)", tests), len(t.Texts))
}

func (c *compiler) identity(t *filter.Test) sq.Sqlizer {
	if t.Op == filter.OpExists {
		return c.exists(identityTable, "i")
	}
	return c.exists(identityTable, "i", c.identityIs(t.Refs))
}

// identityIs tests a row of the identities for each kind of reference: a channel, with or
// without an account and an external id.
func (c *compiler) identityIs(refs []filter.IdentityRef) sq.Sqlizer {
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

// tuples tests whether columns hold one of the rows.
func (c *compiler) tuples(columns []string, rows [][]string) sq.Sqlizer {
	if len(rows) > fewTuples {
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

// fewTuples is up to how many rows are compared one by one.
const fewTuples = 4

func (c *compiler) attribute(t *filter.Test) (sq.Sqlizer, error) {
	value, err := c.attributeIs(t)
	if err != nil {
		return nil, err
	}
	return c.exists(attributeTable, "a", value), nil
}

// attributeIs tests a row of the attributes. It names the columns in the order of their
// index.
func (c *compiler) attributeIs(t *filter.Test) (sq.Sqlizer, error) {
	named := sq.Expr("a.name = ?", t.Attr)
	if t.Op == filter.OpExists {
		return named, nil
	}
	switch t.Kind {
	case filter.TextValue:
		value, err := c.text("a.text_fold", t)
		return allOf(named, sq.Expr("a.kind IN (1, 5)"+c.unused("number", "micros")), value), err
	case filter.NumberValue:
		return allOf(named, sq.Expr("a.kind = 2"), c.numberIn(t.Numbers)), nil
	case filter.BoolValue:
		return allOf(named, sq.Expr("a.kind = 3"), c.numberIn(t.Numbers)), nil
	case filter.TimeValue:
		return allOf(named, sq.Expr("a.kind = 4"+c.unused("number")), c.timeIn("a.micros", t.Times)), nil
	}
	return nil, fmt.Errorf("compile filter: unknown kind of value %q", t.Kind)
}

// unused tests columns of the index that this kind of value has no use for. A server has an
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

func (c *compiler) numberIn(ranges []filter.Range[float64]) sq.Sqlizer {
	points, wide := apart(ranges)
	parts := between("a.number", wide, math.Inf(-1), math.Inf(1))
	if len(points) > 0 {
		parts = append(parts, c.d.InNumbers("a.number", points))
	}
	return anyOf(parts...)
}

func (c *compiler) timeIn(column string, ranges []filter.Range[int64]) sq.Sqlizer {
	points, wide := apart(ranges)
	parts := between(column, wide, math.MinInt64, math.MaxInt64)
	if len(points) > 0 {
		parts = append(parts, c.d.InMicros(column, points))
	}
	return anyOf(parts...)
}

// apart returns the ranges of one value, and the others.
func apart[T int64 | float64](ranges []filter.Range[T]) (points []T, wide []filter.Range[T]) {
	for _, r := range ranges {
		if r.Min == r.Max {
			points = append(points, r.Min)
		} else {
			wide = append(wide, r)
		}
	}
	return points, wide
}

// between tests for each of the ranges; lowest and highest leave a side open.
func between[T int64 | float64](column string, ranges []filter.Range[T], lowest, highest T) []sq.Sqlizer {
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

// created tests the id, which was made from the time of creation (createVisitor sees to
// that), so that every index has it.
func (c *compiler) created(t *filter.Test) sq.Sqlizer {
	if t.Op == filter.OpExists {
		return always
	}
	tests := make([]sq.Sqlizer, len(t.Times))
	for i, r := range t.Times {
		tests[i] = c.createdIn(r)
	}
	return anyOf(tests...)
}

func (c *compiler) createdIn(r filter.Range[int64]) sq.Sqlizer {
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

// present tests a time of the profile, where 0 is no time.
func (c *compiler) present(column string, t *filter.Test) sq.Sqlizer {
	there := sq.Expr(column + " <> 0")
	if t.Op == filter.OpExists {
		return there
	}
	in := c.timeIn(column, t.Times)
	if slices.ContainsFunc(t.Times, func(r filter.Range[int64]) bool { return r.Min <= 0 && r.Max >= 0 }) {
		return allOf(there, in)
	}
	return in
}
