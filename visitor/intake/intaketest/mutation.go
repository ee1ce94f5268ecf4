package intaketest

import (
	"encoding/json"
	"iter"
	"slices"
	"testing"
)

// Mutations returns broken versions of a JSON delivery by name: each value is removed, set to
// null, duplicated, and replaced by values of other types, and each list is reversed.
func Mutations(t testing.TB, body []byte) iter.Seq2[string, []byte] {
	tree := ParseTree(t, body)
	return func(yield func(string, []byte) bool) {
		on := true
		Walk(tree, nil, func(at []Step) {
			value := Get(tree, at)
			one := func(what string, n int, value any) {
				on = on && yield(what+" "+Path(tree, at), EncodeTree(Edited(tree, at, n, value)))
			}
			one("drop", 0, value)
			one("double", 2, value)
			one("null", 1, json.RawMessage("null"))
			for _, other := range Others(value) {
				one("make "+string(other.(json.RawMessage))+" of", 1, other)
			}
			if list, ok := value.(Array); ok {
				turned := slices.Clone(list)
				slices.Reverse(turned)
				one("reverse", 1, turned)
			}
		})
	}
}

// Others returns values of every type other than that of v.
func Others(v any) []any {
	var out []any
	for _, other := range []string{`7`, `-1.5e300`, `true`, `"x"`, `""`, `[]`, `{}`, `[["x"]]`, `{"id":"x"}`} {
		if kindOf(json.RawMessage(other)) != kindOf(v) {
			out = append(out, json.RawMessage(other))
		}
	}
	return out
}

func kindOf(v any) string {
	switch v := v.(type) {
	case Object:
		return "object"
	case Array:
		return "array"
	case json.RawMessage:
		switch v[0] {
		case '{':
			return "object"
		case '[':
			return "array"
		case '"':
			return "text"
		case 't', 'f', 'n':
			return "word"
		}
	}
	return "number"
}
