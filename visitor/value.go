package visitor

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
)

// Kind is the kind of an attribute's value.
type Kind string

// The kinds of attribute values.
const (
	TextKind   Kind = "text"
	NumberKind Kind = "number"
	BoolKind   Kind = "bool"
	TimeKind   Kind = "time"
	ListKind   Kind = "list" // of texts
)

// Value is the value of an attribute, made by Text, Number, Bool, Time or List. The zero Value
// has no kind and is refused by Rules.
type Value struct {
	kind   Kind
	text   string
	number float64 // a bool is 0 or 1
	micros int64   // of a time, since 1970
	list   []string
}

// Text returns a text value. Rules refuse more than MaxAttributeText bytes.
func Text(s string) Value { return Value{kind: TextKind, text: s} }

// Number returns a number value. Rules refuse NaN and infinities.
func Number(n float64) Value { return Value{kind: NumberKind, number: n + 0} }

// Bool returns a bool value.
func Bool(b bool) Value {
	if b {
		return Value{kind: BoolKind, number: 1}
	}
	return Value{kind: BoolKind}
}

// Time returns a time value in UTC, truncated to the microsecond. Rules refuse years outside 1
// to 9999.
func Time(t time.Time) Value {
	const farthest = math.MaxInt64 / 1_000_000
	v := Value{kind: TimeKind, micros: t.UnixMicro()}
	switch s := t.Unix(); { // farther away the microseconds overflow
	case s >= farthest:
		v.micros = math.MaxInt64
	case s <= -farthest:
		v.micros = math.MinInt64
	}
	return v
}

// List returns a list of texts. Rules refuse more than MaxAttributeList items.
func List(items ...string) Value { return Value{kind: ListKind, list: slices.Clone(items)} }

// Kind returns the value's kind, "" for the zero Value.
func (v Value) Kind() Kind { return v.kind }

// Text returns the text of a text value, else "".
func (v Value) Text() string { return v.text }

// Number returns the number of a number value, else 0.
func (v Value) Number() float64 {
	if v.kind != NumberKind {
		return 0
	}
	return v.number
}

// Bool returns the truth of a bool value, else false.
func (v Value) Bool() bool { return v.kind == BoolKind && v.number == 1 }

// Time returns the time of a time value, else the zero time.
func (v Value) Time() time.Time {
	if v.kind != TimeKind {
		return time.Time{}
	}
	return time.UnixMicro(v.micros).UTC()
}

// Micros returns the time of a time value in microseconds since 1970, else 0.
func (v Value) Micros() int64 { return v.micros }

// List returns a copy of the items of a list value, else nil.
func (v Value) List() []string { return slices.Clone(v.list) }

// Items iterates over the items of a list value without copying them.
func (v Value) Items(yield func(string) bool) {
	slices.Values(v.list)(yield)
}

// Equal reports whether v and w are the same kind and value.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.text == w.text && v.number == w.number && v.micros == w.micros && slices.Equal(v.list, w.list)
}

// String returns the value as text for people.
func (v Value) String() string {
	switch v.kind {
	case NumberKind:
		return fmt.Sprint(v.number)
	case BoolKind:
		return fmt.Sprint(v.Bool())
	case TimeKind:
		return v.Time().Format(time.RFC3339Nano)
	case ListKind:
		return strings.Join(v.list, ", ")
	}
	return v.text
}

// MarshalJSON writes a text, a number, a bool and a list as those of JSON, and a time as
// {"time": "2026-01-02T03:04:05Z"}.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case TextKind:
		return json.Marshal(v.text)
	case NumberKind:
		return json.Marshal(v.number)
	case BoolKind:
		return json.Marshal(v.Bool())
	case TimeKind:
		return json.Marshal(map[string]time.Time{"time": v.Time()})
	case ListKind:
		if v.list == nil {
			return []byte("[]"), nil
		}
		return json.Marshal(v.list)
	}
	return nil, text.Refuse("attribute", "value without a kind")
}

// UnmarshalJSON reads the form that MarshalJSON writes, or returns a *FieldError.
func (v *Value) UnmarshalJSON(b []byte) error {
	var raw any
	if err := json.Unmarshal(b, &raw); err != nil {
		return text.Refuse("attribute", "not JSON, or a number out of range")
	}
	switch x := raw.(type) {
	case string:
		*v = Text(x)
	case float64:
		*v = Number(x)
	case bool:
		*v = Bool(x)
	case []any:
		items := make([]string, len(x))
		for i, item := range x {
			var ok bool
			if items[i], ok = item.(string); !ok {
				return text.Refuse("attribute", "a list holds texts only")
			}
		}
		*v = List(items...)
	default:
		object, _ := raw.(map[string]any)
		s, ok := object["time"].(string)
		if !ok || len(object) > 1 {
			return text.Refuse("attribute", `want a text, a number, a bool, a list of texts or {"time": …}`)
		}
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return text.Refuse("attribute", "time is not RFC 3339")
		}
		*v = Time(t)
	}
	return nil
}
