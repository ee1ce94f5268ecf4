package filter

import (
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// Bind validates e and resolves it in env. It returns an *Error if the expression is
// invalid, names an unknown source, needs env.Now although it is zero, or exceeds
// MaxBound or MaxBoundValues, and an *UnknownError for an unknown tag, group or topic. A Bound is
// returned unchanged.
func Bind(e Expr, env *Env) (Bound, error) {
	if b, ok := e.(Bound); ok {
		return b, nil
	}
	if err := Validate(e); err != nil {
		return Bound{}, err
	}
	root, err := newBinder(env).bind(e)
	if err != nil {
		return Bound{}, under(err, "", "/filter")
	}
	return Bound{&root}, nil
}

type binder struct {
	Env
	boundSize
	inRule   bool    // binding the rule of a group
	resolved bool    // the expression was resolved before: its sources are known
	moving   *Moving // gets the conditions with relative dates; nil: they are bound at Now
}

// boundSize is the size of a bound tree so far.
type boundSize struct{ nodes, values int }

func (b *boundSize) grow(nodes, values int) error {
	b.nodes, b.values = b.nodes+nodes, b.values+values
	switch {
	case b.nodes > MaxBound:
		return refuse("more than %d conditions, with those of groups and lists", MaxBound)
	case b.values > MaxBoundValues:
		return refuse("more than %d values, with those of groups", MaxBoundValues)
	}
	return nil
}

func newBinder(env *Env) *binder {
	if env == nil {
		env = &Env{}
	}
	b := &binder{Env: *env}
	if b.Zone == nil {
		b.Zone = time.UTC
	}
	if monday := time.Monday; b.WeekStart == nil {
		b.WeekStart = &monday
	}
	return b
}

func (b *binder) bind(e Expr) (bound.Node, error) {
	if err := b.grow(1, 0); err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case ConstExpr:
		return bound.Constant(e.Everyone), nil
	case AndExpr, OrExpr, NotExpr:
		nodes, err := mapChildren(e, b.bind)
		if err != nil {
			return nil, err
		}
		return nodeOf(e, nodes), nil
	case SearchExpr:
		words := terms(e.Text)
		return bound.Terms(words), b.grow(len(words)-1, 0)
	case Condition:
		if e.Field == "job" {
			n, err := b.jobs(e)
			return n, under(err, e.Field, "")
		}
		n, err := b.condition(e, bound.FieldNamed(e.Field))
		return n, under(err, e.Field, "")
	case Bound:
		if b.inRule {
			return nil, refuse("a group's rule may not be bound already")
		}
		size, values := sizeOf(e.Node())
		return e.Node(), b.grow(size-1, values)
	}
	return nil, refuse("unknown expression %T", e)
}

// nodeOf returns the node of e from those of its direct parts.
func nodeOf(e Expr, nodes []bound.Node) bound.Node {
	switch opOf(e) {
	case formAnd:
		return allOf(nodes...)
	case formOr:
		return anyOf(nodes...)
	}
	return inverse(nodes[0])
}

func (b *binder) condition(c Condition, f *bound.Field) (bound.Node, error) {
	if err := b.grow(0, len(c.Values)); err != nil {
		return nil, err
	}
	if c.Op == OpExists {
		return &bound.Test{Field: f, Attr: c.Attr, Op: bound.OpExists}, nil
	}
	switch f.Kind {
	case TagKind, EnumKind, IdentityKind:
		return b.named(c, f)
	case GroupKind:
		return b.groups(c, f)
	case IDKind, InboxKind, TextKind, PhoneKind:
		return textTest(c, f, "", c.Values), nil
	case TimeKind:
		return b.times(c, f, c.Values)
	case AttrKind:
		return b.attribute(c, f)
	case CanKind, ConsentKind, HealthKind:
		return b.permission(c, f)
	}
	return nil, refuse("unknown kind of field")
}

// jobs tests for the ids of the visitors of jobs.
func (b *binder) jobs(c Condition) (bound.Node, error) {
	if b.inRule {
		return nil, refuse("a group's rule may not mention a job")
	}
	t := &bound.Test{Field: bound.FieldNamed("id"), Op: bound.OpIn}
	for i, v := range c.Values {
		ids, known := b.Jobs[strings.ToLower(v.Text)]
		if !known && b.Unknown == UnknownIsError {
			return nil, underValue(b.unknown(JobKind, v), i)
		}
		for _, id := range ids {
			t.Texts = append(t.Texts, string(id))
		}
	}
	if len(t.Texts) == 0 {
		return bound.Constant(false), nil
	}
	t.Texts = sorted(t.Texts)
	return t, b.grow(0, len(t.Texts))
}

// named tests for the tags, sources or identities that the values of c name.
func (b *binder) named(c Condition, f *bound.Field) (bound.Node, error) {
	t := &bound.Test{Field: f, Op: bound.OpIn}
	for i, v := range c.Values {
		resolved, err := b.resolve(f.Kind, v)
		switch {
		case err != nil:
			return nil, underValue(err, i)
		case f.Kind == IdentityKind:
			t.Refs = append(t.Refs, resolved.Identity)
		default:
			t.Texts = append(t.Texts, strings.ToLower(resolved.Text))
		}
	}
	if f.Kind == TagKind {
		return b.members(f, bound.Op(c.Op), t.Texts)
	}
	t.Texts, t.Refs = sorted(t.Texts), sortedRefs(t.Refs)
	return t, nil
}

// members tests for one, or for all, of the ids; "" is the id of an unknown tag or group.
func (b *binder) members(f *bound.Field, op bound.Op, ids []string) (bound.Node, error) {
	ids = sorted(ids)
	if ids[0] == "" {
		ids = ids[1:]
		if op == bound.OpAll || len(ids) == 0 {
			return bound.Constant(false), nil
		}
	}
	if len(ids) == 1 {
		op = bound.OpIn
	}
	t := &bound.Test{Field: f, Op: op, Texts: ids}
	size, _ := sizeOf(t)
	return t, b.grow(size-1, 0)
}

func (b *binder) groups(c Condition, f *bound.Field) (bound.Node, error) {
	var plain []string
	var nodes []bound.Node
	var ruled []visitor.GroupID
	for i, v := range c.Values {
		ref, ok := b.group(v)
		switch {
		case ok && slices.Contains(ruled, ref.ID):
		case ok && ref.Rule != nil && b.inRule: // so rules neither nest nor refer to themselves
			return nil, underValue(refuse("a group's rule may not mention a group that has a rule"), i)
		case ok && ref.Rule != nil:
			ruled = append(ruled, ref.ID)
			n, err := b.rule(ref, f)
			if err != nil {
				return nil, underValue(ofRule(err), i)
			}
			nodes = append(nodes, n)
		case ok:
			plain = append(plain, string(ref.ID))
		case v.Kind == TextValue && b.Unknown == UnknownIsError:
			return nil, underValue(b.unknown(GroupKind, v), i)
		default:
			plain = append(plain, "")
		}
	}
	if len(plain) > 0 {
		n, err := b.members(f, bound.Op(c.Op), plain)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	if c.Op == OpAll {
		return allOf(nodes...), nil
	}
	return anyOf(nodes...), nil
}

// rule returns the test for members of a group with a rule: those added by hand, and those
// that the rule matches and that were not removed by hand.
func (b *binder) rule(ref GroupRef, f *bound.Field) (bound.Node, error) {
	if err := Validate(ref.Rule); err != nil {
		return nil, err
	}
	b.inRule = true
	rule, err := b.bind(ref.Rule)
	b.inRule = false
	if err != nil {
		return nil, err
	}
	ids := []string{string(ref.ID)}
	return anyOf(
		&bound.Test{Field: f, Op: bound.OpIn, Texts: ids},
		allOf(rule, inverse(&bound.Test{Field: f, Op: bound.OpExcluded, Texts: ids})),
	), b.grow(4, 0)
}
