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
)

// The ops of the JSON form that are not operators of conditions.
const (
	formEveryone = wordEveryone
	formNobody   = wordNobody
	formAnd      = "and"
	formOr       = "or"
	formNot      = "not"
	formSearch   = "search"
)

// Marshal returns the JSON form of e, the same bytes for the same expression: see LANGUAGE.md
// and JSONSchema. Names, ids and relative dates are kept, so the form can be stored; times are
// written in UTC with microseconds. The error is that of Validate, or an *Error for a Bound.
func Marshal(e Expr) ([]byte, error) {
	if err := validateForm(e); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rootForm{FormVersion, toForm(e)}); err != nil {
		return nil, refuse("%s", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func toForm(e Expr) nodeForm {
	form := nodeForm{Op: opOf(e)}
	switch e := e.(type) {
	case ConstExpr:
		form.Op = constantWord(e.Everyone)
	case NotExpr:
		form.Of = toForm(e.Of)
	case AndExpr, OrExpr:
		var of []nodeForm
		for _, child := range childrenOf(e) {
			of = append(of, toForm(child))
		}
		form.Of = of
	case SearchExpr:
		form.Op, form.Text = formSearch, e.Text
	case Condition:
		form.Op, form.Field, form.Attr = string(e.Op), e.Field, e.Attr
		for _, v := range e.Values {
			form.Values = append(form.Values, valueForm(v))
		}
	}
	return form
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
		return map[ValueKind]IdentityRef{v.Kind: v.Identity}
	case PermissionValue:
		return map[ValueKind]PermissionRef{v.Kind: v.Permission}
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
