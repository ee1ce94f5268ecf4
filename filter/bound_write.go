package filter

import (
	"encoding/json"
	"math"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// maxBoundDepth is the number of levels of a bound tree in JSON. Bind returns fewer, unless its
// expression has a Bound below it.
const maxBoundDepth = 4 * MaxDepth

// boundForm is the JSON form of a node of a bound tree.
type boundForm struct {
	Kind    boundKind            `json:"kind"`
	Of      []boundForm          `json:"of,omitempty"`
	Terms   []bound.Term         `json:"terms,omitempty"`
	Field   string               `json:"field,omitempty"`
	Attr    string               `json:"attr,omitempty"`
	Op      bound.Op             `json:"op,omitempty"`
	As      visitor.Kind         `json:"as,omitempty"`
	Texts   []string             `json:"texts,omitempty"`
	Times   []rangeForm[int64]   `json:"times,omitempty"`
	Numbers []rangeForm[float64] `json:"numbers,omitempty"`
	Refs    []IdentityRef        `json:"refs,omitempty"`
	Channel consent.Channel      `json:"channel,omitempty"`
	Topic   consent.Topic        `json:"topic,omitzero"`
	States  []string             `json:"states,omitempty"`
	At      int64                `json:"at,omitempty"`
}

// rangeForm is the JSON form of a range. A missing end means no limit.
type rangeForm[T int64 | float64] struct {
	Min *T `json:"min,omitempty"`
	Max *T `json:"max,omitempty"`
}

type boundKind string

const (
	boundEveryone boundKind = wordEveryone
	boundNobody   boundKind = wordNobody
	boundAll      boundKind = "all"
	boundAny      boundKind = "any"
	boundNot      boundKind = "not"
	boundTerms    boundKind = "terms"
	boundTest     boundKind = "test"

	boundPermission boundKind = "permission"
)

// MarshalJSON returns the tree for another process of the same version. It is not a form to
// store: use Marshal for that. The error is an *Error for a tree with too many levels, which only
// an expression bound many times over has.
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
	var form boundForm
	switch n := n.(type) {
	case bound.Constant:
		form.Kind = boundKind(constantWord(bool(n)))
	case bound.AllOf:
		form.Kind = boundAll
	case bound.AnyOf:
		form.Kind = boundAny
	case bound.Negation:
		form.Kind = boundNot
	case bound.Terms:
		form.Kind, form.Terms = boundTerms, n
	case *bound.Permission:
		form = boundForm{
			Kind: boundPermission, Field: n.Field.Name, Channel: n.Channel, Topic: n.Topic, States: n.States, At: n.At,
		}
	case *bound.Test:
		form = boundForm{
			Kind: boundTest, Field: n.Field.Name, Attr: n.Attr, Op: n.Op, As: n.Kind, Texts: n.Texts, Refs: n.Refs,
			Times:   formOfRanges(n.Times, math.MinInt64, math.MaxInt64),
			Numbers: formOfRanges(n.Numbers, math.Inf(-1), math.Inf(1)),
		}
	}
	for _, child := range nodesOf(n) {
		below, err := formOf(child, levels-1)
		if err != nil {
			return boundForm{}, err
		}
		form.Of = append(form.Of, below)
	}
	return form, nil
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
