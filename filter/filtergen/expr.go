package filtergen

import (
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
)

// Expr returns a valid expression of at most depth levels (1 to filter.MaxDepth) and about
// fifty nodes, which can be bound in Env.
func (g *Generator) Expr(depth int) filter.Expr {
	for {
		room := 50
		e := g.expr(min(depth, filter.MaxDepth), &room)
		if _, err := filter.Bind(e, g.Env()); err == nil { // else the rules of groups make it too large
			return e
		}
	}
}

func (g *Generator) expr(depth int, room *int) filter.Expr {
	*room--
	if depth <= 1 || *room <= 0 {
		return g.leaf()
	}
	switch n := g.rand.IntN(10); {
	case n < 3:
		return filter.And(g.children(depth, room)...)
	case n < 6:
		return filter.Or(g.children(depth, room)...)
	case n < 8:
		return filter.Not(g.expr(depth-1, room))
	}
	return g.leaf()
}

// children now and then repeat or contradict each other, or are just one.
func (g *Generator) children(depth int, room *int) []filter.Expr {
	of := []filter.Expr{g.expr(depth-1, room)}
	for *room > 0 && g.chance(65) && len(of) < 6 {
		of = append(of, g.expr(depth-1, room))
	}
	if *room > 3 && g.chance(10) {
		again, isLeaf := pick(g, of).(filter.Condition)
		switch {
		case isLeaf && depth > 2 && g.chance(50):
			*room -= 2
			of = append(of, filter.Not(again))
		case isLeaf:
			*room--
			of = append(of, again)
		}
	}
	return of
}

func (g *Generator) leaf() filter.Expr {
	switch n := g.rand.IntN(100); {
	case n < 3:
		return filter.All()
	case n < 5:
		return filter.None()
	case n < 15:
		return g.search()
	}
	for {
		f := pick(g, filter.Fields())
		if f.Kind == filter.JobKind && len(g.options.Jobs) == 0 {
			continue
		}
		if f.Kind == filter.GroupKind && len(g.options.Groups) == 0 {
			continue
		}
		op := pick(g, f.Ops)
		if c, ok := g.condition(f, op, pick(g, kinds(f, op))); ok {
			return c
		}
	}
}

// kinds returns the kinds of operands; "" if op has none.
func kinds(f filter.Field, op filter.Op) []filter.ValueKind {
	if of := f.Operands(op); len(of) > 0 {
		return of
	}
	return []filter.ValueKind{""}
}

// Each returns a condition for each valid combination of field, operator and kind of operand.
func (g *Generator) Each() []filter.Expr {
	all := []filter.Expr{filter.All(), filter.None(), g.search()}
	for _, f := range filter.Fields() {
		if f.Kind == filter.JobKind && len(g.options.Jobs) == 0 {
			continue
		}
		for _, op := range f.Ops {
			for _, kind := range kinds(f, op) {
				for range 100 { // a text that a phone number cannot hold is drawn again
					if c, ok := g.condition(f, op, kind); ok {
						all = append(all, c)
						break
					}
				}
			}
		}
	}
	return all
}

func (g *Generator) search() filter.Expr {
	for {
		s := g.text(names)
		for g.chance(30) {
			s += " " + g.text(append(emails, phones...))
		}
		if e := filter.Search(s); filter.Validate(e) == nil {
			return e
		}
	}
}

// condition returns a condition, or false if there is no operand or the random one does not
// fit.
func (g *Generator) condition(f filter.Field, op filter.Op, kind filter.ValueKind) (filter.Expr, bool) {
	c := filter.Condition{Field: f.Name, Op: op}
	if f.Kind == filter.AttrKind {
		c.Attr = pick(g, attributeNames)
	}
	n := 1
	switch op {
	case filter.OpExists:
		n = 0
	case filter.OpBetween:
		n = 2
	case filter.OpIn, filter.OpAll:
		for g.chance(40) {
			n++
		}
		if g.chance(2) {
			n = 40
		}
	}
	for range n {
		v, ok := g.value(f, op, kind)
		if !ok {
			return nil, false
		}
		c.Values = append(c.Values, v)
		if op == filter.OpIn && g.chance(10) { // lists may mix kinds
			kind = pick(g, f.Operands(op))
		}
	}
	if op == filter.OpBetween && g.chance(70) {
		slices.SortFunc(c.Values, func(a, b filter.Value) int {
			if a.Number != b.Number {
				return int(max(-1, min(1, a.Number-b.Number)))
			}
			return a.Time.Compare(b.Time)
		})
	}
	return c, filter.Validate(c) == nil
}

func (g *Generator) value(f filter.Field, op filter.Op, kind filter.ValueKind) (filter.Value, bool) {
	v := filter.Value{Kind: kind}
	switch kind {
	case filter.NumberValue:
		v.Number = pick(g, numbers)
	case filter.BoolValue:
		v.Bool = g.chance(50)
	case filter.TimeValue:
		v.Time = g.instant()
	case filter.DateValue:
		v.Text = pick(g, dates)
		if g.chance(60) {
			v.Text = g.instant().In(g.options.Zone).Format(time.DateOnly)
		}
	case filter.PeriodValue:
		v.Text = string(pick(g, filter.Periods()))
	case filter.AgoValue:
		v.Ago = pick(g, ages)
	case filter.IdentityValue:
		v.Identity = g.identityRef()
	case filter.PermissionValue:
		v.Permission = g.permission(f.Kind)
	case filter.IDValue:
		return g.idValue(f.Kind)
	case filter.TextValue:
		return g.textValue(f)
	}
	return v, true
}

func (g *Generator) textValue(f filter.Field) (filter.Value, bool) {
	var s string
	switch f.Kind {
	case filter.TagKind:
		if len(g.options.Tags) == 0 {
			return filter.Value{}, false
		}
		s = g.respell(pick(g, g.options.Tags).Name)
	case filter.GroupKind:
		if len(g.options.Groups) == 0 {
			return filter.Value{}, false
		}
		s = g.respell(pick(g, g.options.Groups).Name)
	case filter.EnumKind:
		source := pick(g, g.options.Sources.Sources())
		s = pick(g, []string{string(source), g.options.Sources.Info(source).Label})
	case filter.InboxKind:
		s = pick(g, append(slices.Clip(inboxes), hostile...))
		if g.chance(60) {
			s = pick(g, inboxes)
		}
	case filter.PhoneKind:
		s = g.text(phones)
	default:
		switch f.Name {
		case "email":
			s = g.text(emails)
		default:
			s = g.text(names)
		}
	}
	return filter.Value{Kind: filter.TextValue, Text: s}, true
}

// idValue returns a known id, sometimes an unknown one, in lower or upper case.
func (g *Generator) idValue(kind filter.Kind) (filter.Value, bool) {
	s := g.id(g.options.Now)
	switch {
	case kind == filter.JobKind: // one that is not known is an error
		s = pick(g, g.options.Jobs)
	case g.chance(10):
		return filter.Value{Kind: filter.IDValue, Text: strings.ToUpper(s)}, true
	case kind == filter.IDKind && len(g.ids) > 0:
		s = string(pick(g, g.ids))
	case kind == filter.TagKind && len(g.options.Tags) > 0:
		s = string(pick(g, g.options.Tags).ID)
	case kind == filter.GroupKind && len(g.options.Groups) > 0:
		s = string(pick(g, g.options.Groups).ID)
	}
	if g.chance(10) {
		s = strings.ToUpper(s)
	}
	return filter.Value{Kind: filter.IDValue, Text: s}, true
}

func (g *Generator) identityRef() filter.IdentityRef {
	ref := g.identity()
	if len(g.known) > 0 && g.chance(60) {
		ref = pick(g, g.known)
	}
	if g.chance(30) {
		ref.ExternalID = ""
	}
	if g.chance(30) {
		ref.Account = ""
	}
	return ref
}

// text returns a text of from, whole or in part and in any spelling, or a hostile one.
func (g *Generator) text(from []string) string {
	if g.chance(30) {
		return pick(g, hostile)
	}
	s := []rune(g.respell(pick(g, from)))
	if g.chance(50) && len(s) > 1 {
		start := g.rand.IntN(len(s))
		s = s[start : start+1+g.rand.IntN(len(s)-start)]
	}
	return string(s)
}

// respell returns another spelling of s that folds to the same text (except İ, which lower
// case without a locale changes).
func (g *Generator) respell(s string) string {
	switch g.rand.IntN(4) {
	case 0:
		return strings.ToUpper(s)
	case 1:
		return strings.ToLower(s)
	}
	return s
}
