package filter

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/visitor"
)

// operand is a value as written.
type operand struct {
	Value
	pos          int
	starts, ends bool // no * before it, no * after it
	age          bool // 30d is an age; 30d-ago is an instant
}

// comparisons are the signs before a value, the longer ones first. Ages compare the other way
// round: a smaller age is a later time.
var comparisons = []struct {
	sign    string
	op, age Op
}{
	{">=", OpAtLeast, OpAtMost}, {"<=", OpAtMost, OpAtLeast},
	{">", OpGreater, OpLess}, {"<", OpLess, OpAtLeast}, {"=", OpIn, ""},
}

// agoSuffix turns an age into an instant.
const agoSuffix = "-ago"

// operands reads the values of c, and its operator.
func (p *parser) operands(f *Field, c *Condition) error {
	start := p.pos
	if p.at("!=") {
		return p.fail(start, "a negation is written -field:value")
	}
	var age Op
	c.Op = OpIn
	for _, compare := range comparisons {
		if p.skip(compare.sign) {
			c.Op, age = compare.op, compare.age
			break
		}
	}
	all := slices.Contains(f.Ops, OpAll) && p.skip(wordAll+"(")
	if all {
		c.Op = OpAll
	}
	operands, err := p.operandList(f)
	switch {
	case err != nil:
		return err
	case all && !p.skip(")"):
		return p.fail(start, "the parenthesis is not closed, or holds white space")
	case len(operands) == 1 && operands[0].age && age != "":
		c.Op = age
		operands[0].age = false
	}
	if p.at("..") {
		if operands, err = p.upTo(f, c, operands[0]); err != nil {
			return err
		}
	}
	return p.take(f, c, operands)
}

// upTo reads the end of a range.
func (p *parser) upTo(f *Field, c *Condition, from operand) ([]operand, error) {
	start := p.pos
	if !slices.Contains(f.Ops, OpBetween) {
		return nil, p.fail(start, "a range is for dates and numbers; put .. in quotes")
	}
	if c.Op != OpIn {
		return nil, p.fail(start, "a range takes no comparison")
	}
	c.Op = OpBetween
	p.pos += len("..")
	to, err := p.operand(f, nil)
	return []operand{from, to}, err
}

// take sets the values of c, after it has checked them.
func (p *parser) take(f *Field, c *Condition, operands []operand) error {
	for _, o := range operands {
		switch {
		case o.age:
			return p.fail(o.pos, "an age needs < or >: <30d is within the last 30 days, >30d longer ago, and 30d-ago the instant; a text goes in quotes")
		case o.starts && o.ends:
		case len(operands) > 1:
			return p.fail(o.pos, "a list takes whole values, without *")
		case c.Op != OpIn:
			return p.fail(o.pos, "a comparison takes no *")
		default:
			c.Op = patternOp(o.starts, o.ends)
		}
	}
	for _, o := range operands {
		if !slices.Contains(f.Ops, c.Op) {
			return p.fail(o.pos, "no operator %q here", string(c.Op))
		}
		if reason := badValue(f, c.Op, o.Value); reason != "" {
			return p.fail(o.pos, "%s", reason)
		}
		c.Values = append(c.Values, o.Value)
		p.places = append(p.places, o.pos)
	}
	if reason := badCount(*c); reason != "" {
		return p.fail(operands[0].pos, "%s", reason)
	}
	return nil
}

func patternOp(starts, ends bool) Op {
	switch {
	case starts:
		return OpPrefix
	case ends:
		return OpSuffix
	}
	return OpContains
}

func (p *parser) operandList(f *Field) ([]operand, error) {
	var list []operand
	for {
		o, err := p.operand(f, list)
		if err != nil {
			return nil, err
		}
		if list = append(list, o); len(list) > MaxList {
			return nil, p.fail(o.pos, "more than %d values", MaxList)
		}
		if !p.skip(",") {
			return list, nil
		}
	}
}

// operand reads the value after those of before.
func (p *parser) operand(f *Field, before []operand) (operand, error) {
	o := operand{pos: p.pos, starts: true, ends: true}
	switch {
	case f.Kind == IdentityKind:
		identity, err := p.identity()
		o.Value = Value{Kind: IdentityValue, Identity: identity}
		return o, err
	case ofPermission(f.Kind):
		permission, err := p.permission(f, before)
		o.Value = Value{Kind: PermissionValue, Permission: permission}
		return o, err
	}
	o.starts = !p.skip("*")
	word, isQuoted, err := p.wordOrQuoted(notPlainValue)
	if err != nil {
		return o, err
	}
	o.ends = !p.skip("*")
	if !o.ends && !p.atBreak() && !p.at(",") {
		return o, p.fail(p.pos, "a * stands only before or after a value")
	}
	if !o.starts || !o.ends {
		o.Value = textOf(word)
		return o, nil
	}
	err = p.typed(f, word, isQuoted, &o)
	return o, err
}

// typed sets the value of o: word, as a value of the field.
func (p *parser) typed(f *Field, word string, isQuoted bool, o *operand) error {
	o.Value = textOf(word)
	switch f.Kind {
	case IDKind, JobKind:
		o.Kind = IDValue
	case TagKind, GroupKind:
		if rest, ok := strings.CutPrefix(word, "#"); ok && !isQuoted {
			o.Value = Value{Kind: IDValue, Text: rest}
			if badValue(f, OpIn, o.Value) != "" {
				return p.fail(o.pos, "after # comes an id in the 36-character form; a name with # goes in quotes")
			}
		}
	case TimeKind:
		var ok bool
		if o.Value, o.age, ok = when(word); !ok {
			err := p.fail(o.pos, "not a date (2026-01-31), a time (2026-01-31T10:00:00Z), a period (this-month) or an age (<30d)")
			err.Suggestion = Suggest(word, periodNames())
			return err
		}
	case AttrKind:
		if !isQuoted {
			o.Value, o.age = unquoted(word)
		}
	}
	return nil
}

func (p *parser) wordOrQuoted(special string) (word string, isQuoted bool, err error) {
	if p.at(`"`) {
		word, err = p.quoted()
		return word, true, err
	}
	start := p.pos
	if word = p.plain(special); word == "" {
		err := p.fail(start, "a value is missing here; there is no white space inside a condition")
		if r := p.in[start:]; strings.HasPrefix(r, "“") || strings.HasPrefix(r, "”") {
			err.Reason = `use straight quotes: "`
		}
		return "", false, err
	}
	if p.long {
		return "", false, p.unexpected()
	}
	return word, false, nil
}

// identity reads source, source/id, source/account/id or source/account/.
func (p *parser) identity() (IdentityRef, error) {
	const special = notPlainValue + "/"
	source, _, err := p.wordOrQuoted(special)
	ref := IdentityRef{Source: visitor.Source(source)}
	if err != nil || !p.skip("/") {
		return ref, err
	}
	ref.ExternalID, _, err = p.wordOrQuoted(special)
	if err != nil || !p.skip("/") {
		return ref, err
	}
	ref.Account, ref.ExternalID = ref.ExternalID, ""
	if !p.atBreak() && !p.at(",") {
		ref.ExternalID, _, err = p.wordOrQuoted(special)
	}
	return ref, err
}

// unquoted reads the value of an attribute: a number, a bool or a time if it looks like one,
// else a text.
func unquoted(word string) (v Value, age bool) {
	if v, age, ok := when(word); ok {
		return v, age
	}
	switch {
	case strings.EqualFold(word, "true"):
		return Value{Kind: BoolValue, Bool: true}, false
	case strings.EqualFold(word, "false"):
		return Value{Kind: BoolValue}, false
	case number.MatchString(word):
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			n = math.Inf(1)
		}
		return numberOf(n), false
	}
	return textOf(word), false
}

// number matches a number as in JSON; leading zeros are allowed.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
