package filter

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
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
	var version any
	err := r.object([]string{"version", "filter"}, func(key string) (err error) {
		if key == "filter" {
			e, err = r.node(1)
			return err
		}
		version, err = r.dec.Token()
		if number, ok := version.(json.Number); !ok {
			return r.want(err, "want a number")
		} else if n, err := numberFrom(number); err != nil || n != FormVersion {
			return cmp.Or(err, refuse("not version %d", FormVersion))
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case version == nil || e == nil:
		return nil, refuse(`want {"version": %d, "filter": …}`, FormVersion)
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse("more after the end")
	}
	return e, nil
}

// nodeParts are the values of a node's keys.
type nodeParts struct {
	keys                  []string // those that the node has
	op, field, attr, text string
	values                []Value
	of                    []Expr
	isList                bool // "of" is a list
}

func (r *formReader) node(depth int) (Expr, error) {
	if r.nodes++; r.nodes > MaxNodes {
		return nil, refuse("more than %d conditions", MaxNodes)
	}
	if depth > MaxDepth {
		return nil, refuse("nested deeper than %d", MaxDepth)
	}
	var n nodeParts
	child := func() (Expr, error) { return r.node(depth + 1) }
	err := r.object([]string{"op", "field", "attr", "text", "values", "of"}, func(key string) (err error) {
		n.keys = append(n.keys, key)
		switch key {
		case "op":
			n.op, err = r.text()
		case "field":
			n.field, err = r.text()
		case "attr":
			n.attr, err = r.text()
		case "text":
			n.text, err = r.text()
		case "values":
			n.values, err = readList(r, r.value)
		case "of":
			if n.isList = r.next() == '['; n.isList {
				n.of, err = readList(r, child)
				return err
			}
			n.of = make([]Expr, 1)
			n.of[0], err = child()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return n.expr()
}

func (n nodeParts) expr() (Expr, error) {
	// only reports whether the node has the keys "op" and key, and no other.
	only := func(key string) bool { return len(n.keys) == 2 && slices.Contains(n.keys, key) }
	switch op := n.op; {
	case !slices.Contains(n.keys, "op"):
		return nil, refuse(`no "op"`)
	case op == formEveryone, op == formNobody:
		if len(n.keys) == 1 {
			return ConstExpr{Everyone: op == formEveryone}, nil
		}
		return nil, refuse(`%s takes no other key than "op"`, op)
	case op == formAnd, op == formOr:
		if only("of") && n.isList {
			return exprOf(op, n.of), nil
		}
		return nil, refuse(`%s takes "of", a list of nodes`, op)
	case op == formNot:
		if only("of") && !n.isList {
			return exprOf(op, n.of), nil
		}
		return nil, refuse(`not takes "of", a node`)
	case op == formSearch:
		if only("text") {
			return SearchExpr{Text: n.text}, nil
		}
		return nil, refuse(`search takes "text"`)
	case !slices.Contains(Ops(), Op(op)):
		return nil, under(refuse("unknown op"), "", "/op")
	case !slices.Contains(n.keys, "field"):
		return nil, refuse(`no "field"`)
	case slices.Contains(n.keys, "text"), slices.Contains(n.keys, "of"):
		return nil, refuse(`a condition takes "field", "attr" and "values"`)
	}
	return Condition{Field: n.field, Attr: n.attr, Op: Op(n.op), Values: n.values}, nil
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
	kinds := []string{
		string(IDValue), string(DateValue), string(PeriodValue), string(TimeValue), string(AgoValue),
		string(IdentityValue), string(PermissionValue),
	}
	err := r.object(kinds, func(key string) error {
		if v.Kind != "" {
			return refuse("a second kind of value")
		}
		v.Kind = ValueKind(key)
		switch v.Kind {
		case IdentityValue:
			return r.identity(&v.Identity)
		case PermissionValue:
			return r.permission(&v.Permission)
		}
		s, err := r.text()
		if err != nil {
			return err
		}
		ok := true
		switch v.Kind {
		case TimeValue:
			if v.Time, ok = parseTime(s); !ok {
				return refuse("not a time in the form 2026-01-31T10:00:00Z")
			}
			v = timeOf(v.Time)
		case AgoValue:
			if v.Ago, ok = parseAge(s); !ok {
				return refuse("not an age in the form 30d")
			}
		default:
			v.Text = s
		}
		return nil
	})
	if err == nil && v.Kind == "" {
		err = refuse("a value without a kind")
	}
	return v, err
}

func (r *formReader) identity(i *IdentityRef) error {
	return r.object([]string{"source", "account", "external_id"}, func(key string) error {
		s, err := r.text()
		switch key {
		case "source":
			i.Source = visitor.Source(s)
		case "account":
			i.Account = s
		case "external_id":
			i.ExternalID = s
		}
		return err
	})
}

func (r *formReader) permission(p *PermissionRef) error {
	return r.object([]string{"channel", "topic", "state"}, func(key string) error {
		s, err := r.text()
		switch key {
		case "channel":
			p.Channel = consent.Channel(s)
		case "topic":
			p.Topic = s
		case "state":
			p.State = s
		}
		return err
	})
}
