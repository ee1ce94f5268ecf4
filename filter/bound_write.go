package filter

import (
	"encoding/json"
	"math"
)

// maxBoundDepth is the levels of a bound tree that is written. Bind nests less.
const maxBoundDepth = 4 * MaxDepth

// boundForm is a node of a bound tree as JSON.
type boundForm struct {
	Kind    boundKind            `json:"kind"`
	Of      []boundForm          `json:"of,omitempty"`
	Terms   []termForm           `json:"terms,omitempty"`
	Field   string               `json:"field,omitempty"`
	Attr    string               `json:"attr,omitempty"`
	Op      Op                   `json:"op,omitempty"`
	As      ValueKind            `json:"as,omitempty"`
	Texts   []string             `json:"texts,omitempty"`
	Times   []rangeForm[int64]   `json:"times,omitempty"`
	Numbers []rangeForm[float64] `json:"numbers,omitempty"`
	Refs    []identityForm       `json:"refs,omitempty"`
}

// rangeForm is a range as JSON. Absent ends are open.
type rangeForm[T int64 | float64] struct {
	Min *T `json:"min,omitempty"`
	Max *T `json:"max,omitempty"`
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
	case Negation:
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
	form.Times = formOfRanges(t.Times, math.MinInt64, math.MaxInt64)
	form.Numbers = formOfRanges(t.Numbers, math.Inf(-1), math.Inf(1))
	return form
}

// formOfRanges leaves out the ends that are open.
func formOfRanges[T int64 | float64](ranges []Range[T], lowest, highest T) []rangeForm[T] {
	var forms []rangeForm[T]
	for _, r := range ranges {
		var form rangeForm[T]
		if r.Min != lowest {
			form.Min = &r.Min
		}
		if r.Max != highest {
			form.Max = &r.Max
		}
		forms = append(forms, form)
	}
	return forms
}

// rangesOf is the opposite of formOfRanges.
func rangesOf[T int64 | float64](forms []rangeForm[T], lowest, highest T) []Range[T] {
	var ranges []Range[T]
	for _, form := range forms {
		r := Range[T]{lowest, highest}
		if form.Min != nil {
			r.Min = *form.Min
		}
		if form.Max != nil {
			r.Max = *form.Max
		}
		ranges = append(ranges, r)
	}
	return ranges
}
