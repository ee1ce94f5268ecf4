package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Unmarshal reads the JSON form. It returns an *Error if b is longer than MaxForm, has another
// version, has an unknown or repeated key, or is not a valid expression. The error's Pointer
// is the place.
func Unmarshal(b []byte) (Expr, error) {
	if len(b) > MaxForm {
		return nil, refuse("longer than %d bytes", MaxForm)
	}
	if !text.IsUnicodeJSON(b) {
		return nil, refuse("not valid Unicode")
	}
	r := formReader{in: b, dec: json.NewDecoder(bytes.NewReader(b))}
	r.dec.UseNumber()
	e, err := r.root()
	if err != nil {
		return nil, err
	}
	if err := Validate(e); err != nil {
		return nil, err
	}
	return e, nil
}

// formReader reads token by token, so that it refuses a form that is too large or too deep
// before it has read it all.
type formReader struct {
	in     []byte
	dec    *json.Decoder
	nodes  int
	values int
}

func (r *formReader) root() (Expr, error) {
	var e Expr
	version := 0.0
	err := r.object([]string{"version", "filter"}, func(key string) (err error) {
		if key == "filter" {
			e, err = r.node(1)
			return err
		}
		version, err = r.number()
		if err == nil && version != FormVersion {
			err = refuse("not version %d", FormVersion)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case version == 0 || e == nil:
		return nil, refuse(`want {"version": %d, "filter": …}`, FormVersion)
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse("more after the end")
	}
	return e, nil
}

// nodeParts are the values of a node's keys, nil for a missing key.
type nodeParts struct {
	op, field, attr, text *string
	values                []Value
	of                    []Expr
	hasValues, hasOf      bool
	isList                bool
}

func (r *formReader) node(depth int) (Expr, error) {
	if r.nodes++; r.nodes > MaxNodes {
		return nil, refuse("more than %d conditions", MaxNodes)
	}
	if depth > MaxDepth {
		return nil, refuse("nested deeper than %d", MaxDepth)
	}
	var n nodeParts
	err := r.object([]string{"op", "field", "attr", "text", "values", "of"}, func(key string) error {
		switch key {
		case "op":
			return r.text(&n.op)
		case "field":
			return r.text(&n.field)
		case "attr":
			return r.text(&n.attr)
		case "text":
			return r.text(&n.text)
		case "values":
			n.hasValues = true
			return r.list(func(i int) error {
				v, err := r.value()
				n.values = append(n.values, v)
				return err
			})
		}
		n.hasOf = true
		return r.children(&n, depth)
	})
	if err != nil {
		return nil, err
	}
	return n.expr()
}

func (r *formReader) children(n *nodeParts, depth int) error {
	n.isList = r.next() == '['
	if !n.isList {
		child, err := r.node(depth + 1)
		n.of = []Expr{child}
		return err
	}
	return r.list(func(i int) error {
		child, err := r.node(depth + 1)
		n.of = append(n.of, child)
		return err
	})
}

func (n nodeParts) expr() (Expr, error) {
	if n.op == nil {
		return nil, refuse(`no "op"`)
	}
	// only reports whether the node has the wanted keys and no other.
	only := func(condition, text, of bool) bool {
		return (n.field != nil) == condition && (condition || n.attr == nil && !n.hasValues) && (n.text != nil) == text && n.hasOf == of
	}
	switch op := *n.op; op {
	case formEveryone, formNobody:
		if only(false, false, false) {
			return ConstExpr{Everyone: op == formEveryone}, nil
		}
		return nil, refuse(`%s takes no other key than "op"`, op)
	case formAnd, formOr:
		if only(false, false, true) && n.isList {
			if op == formAnd {
				return AndExpr{Of: n.of}, nil
			}
			return OrExpr{Of: n.of}, nil
		}
		return nil, refuse(`%s takes "of", a list of nodes`, op)
	case formNot:
		if only(false, false, true) && !n.isList {
			return NotExpr{Of: n.of[0]}, nil
		}
		return nil, refuse(`not takes "of", a node`)
	case formSearch:
		if only(false, true, false) {
			return SearchExpr{Text: *n.text}, nil
		}
		return nil, refuse(`search takes "text"`)
	default:
		return n.condition()
	}
}

func (n nodeParts) condition() (Expr, error) {
	op := Op(*n.op)
	switch {
	case !slices.Contains(Ops(), op):
		return nil, under(refuse("unknown op"), "", "/op")
	case n.field == nil:
		return nil, refuse(`no "field"`)
	case n.text != nil, n.hasOf:
		return nil, refuse(`a condition takes "field", "attr" and "values"`)
	}
	c := Condition{Field: *n.field, Op: op, Values: n.values}
	if n.attr != nil {
		c.Attr = *n.attr
	}
	return c, nil
}

func (r *formReader) value() (Value, error) {
	if r.values++; r.values > MaxValues {
		return Value{}, refuse("more than %d values in all", MaxValues)
	}
	if r.next() == '{' {
		return r.taggedValue()
	}
	switch token, err := r.dec.Token(); token := token.(type) {
	case string:
		return textOf(token), r.bad(err)
	case bool:
		return Value{Kind: BoolValue, Bool: token}, r.bad(err)
	case json.Number:
		n, err := numberFrom(token)
		return numberOf(n), err
	default:
		return Value{}, r.want(err, "want a text, a number, a bool or an object")
	}
}

// taggedValue reads an object whose one key is the kind of the value.
func (r *formReader) taggedValue() (Value, error) {
	var v Value
	kinds := []string{string(IDValue), string(DateValue), string(PeriodValue), string(TimeValue), string(AgoValue), string(IdentityValue)}
	err := r.object(kinds, func(key string) error {
		if v.Kind != "" {
			return refuse("a second kind of value")
		}
		v.Kind = ValueKind(key)
		if v.Kind == IdentityValue {
			return r.identity(&v.Identity)
		}
		var s *string
		if err := r.text(&s); err != nil {
			return err
		}
		return readPlain(&v, *s)
	})
	if err == nil && v.Kind == "" {
		err = refuse("a value without a kind")
	}
	return v, err
}

func readPlain(v *Value, s string) error {
	switch v.Kind {
	case IDValue, DateValue, PeriodValue:
		v.Text = s
	case TimeValue:
		t, ok := parseTime(s)
		if !ok {
			return refuse("not a time in the form 2026-01-31T10:00:00Z")
		}
		*v = timeOf(t)
	case AgoValue:
		age, ok := parseAge(s)
		if !ok {
			return refuse("not an age in the form 30d")
		}
		v.Ago = age
	}
	return nil
}

func (r *formReader) identity(i *IdentityRef) error {
	return r.object([]string{"source", "account", "external_id"}, func(key string) error {
		var s *string
		if err := r.text(&s); err != nil {
			return err
		}
		switch key {
		case "source":
			i.Source = visitor.Source(*s)
		case "account":
			i.Account = *s
		case "external_id":
			i.ExternalID = *s
		}
		return nil
	})
}
