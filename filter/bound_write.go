package filter

import (
	"encoding/json"
	"math"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// maxBoundDepth is the number of levels of a bound tree in JSON. Bind returns fewer.
const maxBoundDepth = 4 * MaxDepth

// boundForm is the JSON form of a node of a bound tree.
type boundForm struct {
	Kind    boundKind            `json:"kind"`
	Of      []boundForm          `json:"of,omitempty"`
	Terms   []termForm           `json:"terms,omitempty"`
	Field   string               `json:"field,omitempty"`
	Attr    string               `json:"attr,omitempty"`
	Op      bound.Op             `json:"op,omitempty"`
	As      visitor.Kind         `json:"as,omitempty"`
	Texts   []string             `json:"texts,omitempty"`
	Times   []rangeForm[int64]   `json:"times,omitempty"`
	Numbers []rangeForm[float64] `json:"numbers,omitempty"`
	Refs    []identityForm       `json:"refs,omitempty"`
}

// rangeForm is the JSON form of a range. A missing end means no limit.
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

// MarshalJSON returns the tree for another process of the same version. It is not a form to
// store: use Marshal for that. The error is an *Error for a tree with too many levels, which
// Bind never returns.
func (b Bound) MarshalJSON() ([]byte, error) {
	form, err := formOf(b.Node(), maxBoundDepth)
	if err != nil {
		return nil, err
	}
	return json.Marshal(form)
}

func formOf(n bound.Node, levels int) (boundForm, error) {
	if levels == 0 {
		return boundForm{}, refuse("nested deeper than %d", maxBoundDepth)
	}
	switch n := n.(type) {
	case bound.Constant:
		if n {
			return boundForm{Kind: boundEveryone}, nil
		}
		return boundForm{Kind: boundNobody}, nil
	case bound.AllOf:
		return formOfAll(boundAll, n, levels)
	case bound.AnyOf:
		return formOfAll(boundAny, n, levels)
	case bound.Negation:
		return formOfAll(boundNot, []bound.Node{n.Of}, levels)
	case bound.Terms:
		form := boundForm{Kind: boundTerms}
		for _, t := range n {
			form.Terms = append(form.Terms, termForm(t))
		}
		return form, nil
	case *bound.Test:
		return formOfTest(n), nil
	}
	return boundForm{}, refuse("unknown node %T", n)
}

func formOfAll(kind boundKind, nodes []bound.Node, levels int) (boundForm, error) {
	form := boundForm{Kind: kind, Of: make([]boundForm, len(nodes))}
	for i, n := range nodes {
		var err error
		if form.Of[i], err = formOf(n, levels-1); err != nil {
			return boundForm{}, err
		}
	}
	return form, nil
}

func formOfTest(t *bound.Test) boundForm {
	form := boundForm{Kind: boundTest, Field: t.Field.Name, Attr: t.Attr, Op: t.Op, As: t.Kind, Texts: t.Texts}
	for _, ref := range t.Refs {
		form.Refs = append(form.Refs, identityForm{string(ref.Source), ref.Account, ref.ExternalID})
	}
	form.Times = formOfRanges(t.Times, math.MinInt64, math.MaxInt64)
	form.Numbers = formOfRanges(t.Numbers, math.Inf(-1), math.Inf(1))
	return form
}

// formOfRanges omits the ends that mean no limit.
func formOfRanges[T int64 | float64](ranges []bound.Range[T], lowest, highest T) []rangeForm[T] {
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

// rangesOf is the inverse of formOfRanges.
func rangesOf[T int64 | float64](forms []rangeForm[T], lowest, highest T) []bound.Range[T] {
	var ranges []bound.Range[T]
	for _, form := range forms {
		r := bound.Range[T]{Min: lowest, Max: highest}
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
