package sqlstore

import (
	"fmt"
	"math"
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
		return presentBetween(c.column(t.Field.Column), t), nil
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
	if server, ok := c.d.(Server); ok && err == nil {
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
	case filter.OpContains:
		return c.d.Contains(column, t.Texts[0]), nil
	case filter.OpPrefix:
		return hasPrefix(column, t.Texts[0]), nil
	case filter.OpSuffix:
		return sq.Expr("substr("+column+", length("+column+") - ?) = ?", utf8.RuneCountInString(t.Texts[0])-1, t.Texts[0]), nil
	}
	return nil, fmt.Errorf("compile filter: unknown operator %q on a text", t.Op)
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
	if t.Op == filter.OpExists {
		return c.exists(visitorTagTable, "l")
	}
	return c.exists(visitorTagTable, "l", c.d.InIDs("l.tag_id", t.Texts))
}

func (c *compiler) group(t *filter.Test) sq.Sqlizer {
	switch t.Op {
	case filter.OpExists:
		return c.exists(visitorGroupTable, "m", sq.Expr("m.excluded = 0"))
	case filter.OpExcluded:
		return c.exists(visitorGroupTable, "m", c.d.InIDs("m.group_id", t.Texts), sq.Expr("m.excluded = 1"))
	}
	return c.exists(visitorGroupTable, "m", c.d.InIDs("m.group_id", t.Texts), sq.Expr("m.excluded = 0"))
}

func (c *compiler) identity(t *filter.Test) sq.Sqlizer {
	if t.Op == filter.OpExists {
		return c.exists(identityTable, "i")
	}
	return c.exists(identityTable, "i", identityIs(t.Refs))
}

func identityIs(refs []filter.IdentityRef) sq.Sqlizer {
	parts := make([]sq.Sqlizer, len(refs))
	for i, ref := range refs {
		tests := []sq.Sqlizer{sq.Expr("i.source = ?", string(ref.Source))}
		if ref.Account != "" {
			tests = append(tests, sq.Expr("i.account = ?", ref.Account))
		}
		if ref.ExternalID != "" {
			tests = append(tests, sq.Expr("i.external_id = ?", ref.ExternalID))
		}
		parts[i] = allOf(tests...)
	}
	return anyOf(parts...)
}

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
		return allOf(named, sq.Expr("a.kind = 2"), numberBetween(t)), nil
	case filter.BoolValue:
		return allOf(named, sq.Expr("a.kind = 3 AND a.number = ?", t.MinNumber)), nil
	case filter.TimeValue:
		return allOf(named, sq.Expr("a.kind = 4"+c.unused("number")), between("a.micros", t)), nil
	}
	return nil, fmt.Errorf("compile filter: unknown kind of value %q", t.Kind)
}

// unused tests columns of the index that this kind of value has no use for. A server has an
// index for each kind, without them.
func (c *compiler) unused(columns ...string) (tests string) {
	if _, ok := c.d.(Server); ok {
		return ""
	}
	for _, column := range columns {
		tests += " AND a." + column + " = 0"
	}
	return tests
}

func numberBetween(t *filter.Test) sq.Sqlizer {
	parts := []sq.Sqlizer{always}
	if !math.IsInf(t.MinNumber, -1) {
		parts = append(parts, sq.Expr("a.number >= ?", t.MinNumber))
	}
	if !math.IsInf(t.MaxNumber, 1) {
		parts = append(parts, sq.Expr("a.number <= ?", t.MaxNumber))
	}
	return allOf(parts...)
}

// created tests the id, which was minted from the time of creation (createVisitor sees to
// that), so that every index has it.
func (c *compiler) created(t *filter.Test) sq.Sqlizer {
	var parts []sq.Sqlizer
	if t.Op == filter.OpBetween && t.Max < 0 {
		return never
	}
	if t.Op == filter.OpBetween && t.Min > 0 {
		parts = append(parts, sq.Expr(c.id+" >= ?", c.firstID(t.Min)))
	}
	if t.Op == filter.OpBetween && t.Max != math.MaxInt64 {
		parts = append(parts, sq.Expr(c.id+" < ?", c.firstID(t.Max+1)))
	}
	if len(parts) == 0 {
		return always
	}
	return allOf(parts...)
}

func (c *compiler) firstID(micros int64) any { return c.d.ID(id.First(time.UnixMicro(micros))) }

// presentBetween tests a time of the profile, where 0 is no time.
func presentBetween(column string, t *filter.Test) sq.Sqlizer {
	present := sq.Expr(column + " <> 0")
	switch {
	case t.Op == filter.OpExists:
		return present
	case t.Min > 0 || t.Max < 0:
		return between(column, t)
	}
	return allOf(present, between(column, t))
}

func between(column string, t *filter.Test) sq.Sqlizer {
	parts := []sq.Sqlizer{}
	if t.Min != math.MinInt64 {
		parts = append(parts, sq.Expr(column+" >= ?", t.Min))
	}
	if t.Max != math.MaxInt64 {
		parts = append(parts, sq.Expr(column+" <= ?", t.Max))
	}
	if len(parts) == 0 {
		return always
	}
	return allOf(parts...)
}
