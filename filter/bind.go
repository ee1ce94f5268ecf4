package filter

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

// Bind validates e and resolves it in env. It returns an *Error for an expression that
// is not valid, names an unknown source, or is relative to a clock that env lacks, and an
// *UnknownError for an unknown tag or group.
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
	size   int  // nodes so far
	values int  // so far
	inRule bool // the expression is a group's rule
}

func newBinder(env *Env) *binder {
	if env == nil {
		env = &Env{}
	}
	b := &binder{Env: *env}
	if b.Zone == nil {
		b.Zone = time.UTC
	}
	return b
}

func (b *binder) bind(e Expr) (Node, error) {
	if err := b.grow(1); err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case ConstExpr:
		return Constant(e.Everyone), nil
	case AndExpr:
		nodes, err := b.bindAll("and", e.Of)
		return allOf(nodes), err
	case OrExpr:
		nodes, err := b.bindAll("or", e.Of)
		return anyOf(nodes), err
	case NotExpr:
		n, err := b.bind(e.Of)
		if err != nil {
			return nil, under(err, "not", "/of")
		}
		return inverse(n), nil
	case SearchExpr:
		words := terms(e.Text)
		return Terms(words), b.grow(len(words) - 1)
	case Condition:
		n, err := b.condition(e, fieldNamed(e.Field))
		return n, under(err, e.Field, "")
	case Bound:
		if b.inRule {
			return nil, refuse("a group's rule may not be bound already")
		}
		n := e.Node()
		return n, cmp.Or(b.grow(sizeOf(n)-1), b.growValues(valuesOf(n)))
	}
	return nil, refuse("unknown expression %T", e)
}

func (b *binder) bindAll(list string, of []Expr) ([]Node, error) {
	nodes := make([]Node, len(of))
	for i, child := range of {
		n, err := b.bind(child)
		if err != nil {
			return nil, underChild(err, list, i)
		}
		nodes[i] = n
	}
	return nodes, nil
}

func (b *binder) grow(nodes int) error {
	if b.size += nodes; b.size > MaxBound {
		return refuse("more than %d conditions, with those of groups and lists", MaxBound)
	}
	return nil
}

func (b *binder) growValues(values int) error {
	if b.values += values; b.values > MaxBoundValues {
		return refuse("more than %d values, with those of groups", MaxBoundValues)
	}
	return nil
}

func (b *binder) condition(c Condition, f *Field) (Node, error) {
	if err := b.growValues(len(c.Values)); err != nil {
		return nil, err
	}
	if c.Op == OpExists {
		return &Test{Field: f, Attr: c.Attr, Op: OpExists}, nil
	}
	switch f.Kind {
	case TagKind:
		return b.tags(c, f)
	case GroupKind:
		return b.groups(c, f)
	case EnumKind:
		return b.sources(c, f)
	case IdentityKind:
		return b.identities(c, f)
	case IDKind:
		return &Test{Field: f, Op: OpIn, Texts: operandTexts(c.Values, strings.ToLower)}, nil
	case TextKind:
		return &Test{Field: f, Op: c.Op, Texts: operandTexts(c.Values, foldFor(c.Op))}, nil
	case PhoneKind:
		return &Test{Field: f, Op: c.Op, Texts: operandTexts(c.Values, phoneFor(c.Op))}, nil
	case TimeKind:
		return b.times(c, f, c.Values)
	case AttrKind:
		return b.attribute(c, f)
	}
	return nil, refuse("unknown kind of field")
}

func (b *binder) sources(c Condition, f *Field) (Node, error) {
	texts := make([]string, len(c.Values))
	for i, v := range c.Values {
		source, err := b.source(v.Text)
		if err != nil {
			return nil, underValue(err, i)
		}
		texts[i] = string(source)
	}
	return &Test{Field: f, Op: OpIn, Texts: sorted(texts)}, nil
}

// source reads a source by its value or its label.
func (b *binder) source(s string) (visitor.Source, error) {
	source, err := b.Sources.Parse(s)
	if refused := (*visitor.FieldError)(nil); errors.As(err, &refused) {
		return "", refuse("source %s", refused.Reason)
	}
	return source, err
}

func (b *binder) identities(c Condition, f *Field) (Node, error) {
	refs := make([]IdentityRef, len(c.Values))
	for i, v := range c.Values {
		source, err := b.source(string(v.Identity.Source))
		if err != nil {
			return nil, underValue(err, i)
		}
		refs[i] = v.Identity
		refs[i].Source = source
	}
	return &Test{Field: f, Op: OpIn, Refs: sortedRefs(refs)}, nil
}

func (b *binder) tags(c Condition, f *Field) (Node, error) {
	ids := make([]string, len(c.Values)) // "" where nobody can have it
	for i, v := range c.Values {
		id, ok := b.tag(v)
		if !ok && b.Unknown == UnknownIsError {
			return nil, underValue(b.unknown(TagKind, v), i)
		}
		ids[i] = string(id)
	}
	return b.members(f, c.Op, ids)
}

// members tests for one, or for all, of the ids; an empty id is nobody's.
func (b *binder) members(f *Field, op Op, ids []string) (Node, error) {
	ids = sorted(ids)
	if ids[0] == "" {
		ids = ids[1:]
		if op == OpAll || len(ids) == 0 {
			return Constant(false), nil
		}
	}
	if len(ids) == 1 {
		op = OpIn
	}
	t := &Test{Field: f, Op: op, Texts: ids}
	return t, b.grow(sizeOf(t) - 1)
}

func (b *binder) groups(c Condition, f *Field) (Node, error) {
	var plain []string
	var nodes []Node
	var ruled []visitor.GroupID
	for i, v := range c.Values {
		ref, ok := b.group(v)
		switch {
		case ok && slices.Contains(ruled, ref.ID):
		case ok && ref.Rule != nil && b.inRule: // so that rules cannot nest, nor refer to themselves
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
		n, err := b.members(f, c.Op, plain)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	if c.Op == OpAll {
		return allOf(nodes), nil
	}
	return anyOf(nodes), nil
}

// rule spells the members of a group with a rule: put in by hand, or matched and not
// taken out by hand.
func (b *binder) rule(ref GroupRef, f *Field) (Node, error) {
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
	return anyOf([]Node{
		&Test{Field: f, Op: OpIn, Texts: ids},
		allOf([]Node{rule, inverse(&Test{Field: f, Op: OpExcluded, Texts: ids})}),
	}), b.grow(4)
}
