package filter

import (
	"bytes"
	"encoding/json"
	"time"
)

// FormVersion is the version of the JSON form that Marshal writes and Unmarshal reads.
const FormVersion = 1

// The keys of the JSON form, in the order they are written.
type (
	rootForm struct {
		Version int      `json:"version"`
		Filter  nodeForm `json:"filter"`
	}
	nodeForm struct {
		Op     string `json:"op"`
		Field  string `json:"field,omitempty"`
		Attr   string `json:"attr,omitempty"`
		Values []any  `json:"values,omitempty"`
		Text   string `json:"text,omitempty"`
		Of     any    `json:"of,omitempty"` // a nodeForm, or a list of them
	}
	identityForm struct {
		Source     string `json:"source"`
		Account    string `json:"account,omitempty"`
		ExternalID string `json:"external_id,omitempty"`
	}
)

// The ops of the JSON form that are not operators of conditions.
const (
	formEveryone = "everyone"
	formNobody   = "nobody"
	formAnd      = "and"
	formOr       = "or"
	formNot      = "not"
	formSearch   = "search"
)

// Marshal returns the JSON form of e, the same bytes for the same expression: see LANGUAGE.md
// and JSONSchema. Names, ids and relative dates are kept, so the form can be stored; times are
// written in UTC with microseconds. The error is that of Validate, or an *Error for a Bound.
func Marshal(e Expr) ([]byte, error) {
	if err := Validate(e); err != nil {
		return nil, err
	}
	form, err := toForm(e)
	if err != nil {
		return nil, under(err, "", "/filter")
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rootForm{FormVersion, form}); err != nil {
		return nil, refuse("%s", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func toForm(e Expr) (nodeForm, error) {
	switch e := e.(type) {
	case ConstExpr:
		if e.Everyone {
			return nodeForm{Op: formEveryone}, nil
		}
		return nodeForm{Op: formNobody}, nil
	case AndExpr:
		return listForm(formAnd, e.Of)
	case OrExpr:
		return listForm(formOr, e.Of)
	case NotExpr:
		of, err := toForm(e.Of)
		return nodeForm{Op: formNot, Of: of}, under(err, "not", "/of")
	case SearchExpr:
		return nodeForm{Op: formSearch, Text: e.Text}, nil
	case Condition:
		form := nodeForm{Op: string(e.Op), Field: e.Field, Attr: e.Attr}
		for _, v := range e.Values {
			form.Values = append(form.Values, valueForm(v))
		}
		return form, nil
	}
	return nodeForm{}, refuse(boundUnwritten)
}

func listForm(op string, of []Expr) (nodeForm, error) {
	forms, err := mapChildren(op, of, toForm)
	return nodeForm{Op: op, Of: forms}, err
}

func valueForm(v Value) any {
	switch v.Kind {
	case NumberValue:
		return v.Number
	case BoolValue:
		return v.Bool
	case TextValue:
		return v.Text
	case IdentityValue:
		return map[ValueKind]identityForm{v.Kind: {string(v.Identity.Source), v.Identity.Account, v.Identity.ExternalID}}
	}
	return map[ValueKind]string{v.Kind: plainValue(v)}
}

// plainValue writes a time, an age or a Text, as in both forms.
func plainValue(v Value) string {
	switch v.Kind {
	case TimeValue:
		return v.Time.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
	case AgoValue:
		return formatAge(v.Ago)
	}
	return v.Text
}
