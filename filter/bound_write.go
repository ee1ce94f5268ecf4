package filter

import (
	"encoding/json"
	"math"
)

// maxBoundDepth is the levels of a bound tree that is written. Bind nests less.
const maxBoundDepth = 4 * MaxDepth

// boundForm is a node of a bound tree as JSON. Absent ends of a range are open.
type boundForm struct {
	Kind      boundKind      `json:"kind"`
	Of        []boundForm    `json:"of,omitempty"`
	Terms     []termForm     `json:"terms,omitempty"`
	Field     string         `json:"field,omitempty"`
	Attr      string         `json:"attr,omitempty"`
	Op        Op             `json:"op,omitempty"`
	As        ValueKind      `json:"as,omitempty"`
	Texts     []string       `json:"texts,omitempty"`
	Min       *int64         `json:"min,omitempty"`
	Max       *int64         `json:"max,omitempty"`
	MinNumber *float64       `json:"min_number,omitempty"`
	MaxNumber *float64       `json:"max_number,omitempty"`
	Refs      []identityForm `json:"refs,omitempty"`
}

type termForm struct {
	Text   string `json:"text"`
	Digits string `json:"digits,omitempty"`
}

type boundKind string

const (
	boundEveryone boundKind = "everyone"
	boundNobody   boundKind = "nobody"
	boundAll      boundKind = "all"
	boundAny      boundKind = "any"
	boundNot      boundKind = "not"
	boundTerms    boundKind = "terms"
	boundTest     boundKind = "test"
)

// MarshalJSON writes the tree, for another process of the same version: it is no form to
// store, see Marshal. It refuses with an *Error a tree nested deeper than Bind nests.
func (b Bound) MarshalJSON() ([]byte, error) {
	form, err := formOf(b.Node(), maxBoundDepth)
	if err != nil {
		return nil, err
	}
	return json.Marshal(form)
}

func formOf(n Node, levels int) (boundForm, error) {
	if levels == 0 {
		return boundForm{}, refuse("nested deeper than %d", maxBoundDepth)
	}
	switch n := n.(type) {
	case Constant:
		if n {
			return boundForm{Kind: boundEveryone}, nil
		}
		return boundForm{Kind: boundNobody}, nil
	case AllOf:
		return formOfAll(boundAll, n, levels)
	case AnyOf:
		return formOfAll(boundAny, n, levels)
	case Inverse:
		return formOfAll(boundNot, []Node{n.Of}, levels)
	case Terms:
		form := boundForm{Kind: boundTerms}
		for _, t := range n {
			form.Terms = append(form.Terms, termForm(t))
		}
		return form, nil
	case *Test:
		return n.form(), nil
	}
	return boundForm{}, refuse("unknown node %T", n)
}

func formOfAll(kind boundKind, nodes []Node, levels int) (boundForm, error) {
	form := boundForm{Kind: kind, Of: make([]boundForm, len(nodes))}
	for i, n := range nodes {
		var err error
		if form.Of[i], err = formOf(n, levels-1); err != nil {
			return boundForm{}, err
		}
	}
	return form, nil
}

func (t *Test) form() boundForm {
	form := boundForm{Kind: boundTest, Field: t.Field.Name, Attr: t.Attr, Op: t.Op, As: t.Kind, Texts: t.Texts}
	for _, ref := range t.Refs {
		form.Refs = append(form.Refs, identityForm{string(ref.Source), ref.Account, ref.ExternalID})
	}
	switch {
	case t.Op != OpBetween:
	case t.Kind == NumberValue, t.Kind == BoolValue:
		if !math.IsInf(t.MinNumber, -1) {
			form.MinNumber = &t.MinNumber
		}
		if !math.IsInf(t.MaxNumber, 1) {
			form.MaxNumber = &t.MaxNumber
		}
	default:
		if t.Min != math.MinInt64 {
			form.Min = &t.Min
		}
		if t.Max != math.MaxInt64 {
			form.Max = &t.Max
		}
	}
	return form
}
