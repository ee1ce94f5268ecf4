package filter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
)

// validator validates JSON with the keywords of JSON Schema that filter.JSONSchema uses. It panics
// on any other keyword, so that none is ignored.
type validator struct{ root map[string]any }

func newValidator(t testing.TB) *validator {
	t.Helper()
	var root map[string]any
	require.NoError(t, json.Unmarshal(filter.JSONSchema(), &root))
	return &validator{root}
}

// valid reports whether b is JSON that the schema accepts.
func (v *validator) valid(b []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(b))
	var value any
	if dec.Decode(&value) != nil || dec.More() {
		return false
	}
	return v.accepts(v.root, value)
}

func (v *validator) accepts(schema map[string]any, value any) bool {
	for keyword, operand := range schema {
		if !v.keyword(schema, keyword, operand, value) {
			return false
		}
	}
	return true
}

func (v *validator) keyword(schema map[string]any, keyword string, operand, value any) bool {
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	text, isText := value.(string)
	switch keyword {
	case "$schema", "title", "description", "$defs", "then", "else":
		return true
	case "$ref":
		name := strings.TrimPrefix(operand.(string), "#/$defs/")
		return v.accepts(v.root["$defs"].(map[string]any)[name].(map[string]any), value)
	case "const":
		return reflect.DeepEqual(operand, value)
	case "enum":
		return anyOf(operand.([]any), func(of any) bool { return reflect.DeepEqual(of, value) }) > 0
	case "type":
		if types, ok := operand.([]any); ok {
			return anyOf(types, func(of any) bool { return isType(of.(string), value) }) > 0
		}
		return isType(operand.(string), value)
	case "oneOf":
		return anyOf(operand.([]any), func(of any) bool { return v.accepts(of.(map[string]any), value) }) == 1
	case "allOf":
		return anyOf(operand.([]any), func(of any) bool { return v.accepts(of.(map[string]any), value) }) == len(operand.([]any))
	case "if":
		branch := "else"
		if v.accepts(operand.(map[string]any), value) {
			branch = "then"
		}
		next, ok := schema[branch].(map[string]any)
		return !ok || v.accepts(next, value)
	case "properties":
		for name, of := range operand.(map[string]any) {
			if member, ok := object[name]; ok && !v.accepts(of.(map[string]any), member) {
				return false
			}
		}
		return true
	case "required":
		return !isObject || anyOf(operand.([]any), func(of any) bool { _, ok := object[of.(string)]; return ok }) == len(operand.([]any))
	case "additionalProperties":
		known, _ := schema["properties"].(map[string]any)
		for name := range object {
			if _, ok := known[name]; !ok {
				return false
			}
		}
		return true
	case "items":
		return !isList || anyOf(list, func(of any) bool { return v.accepts(operand.(map[string]any), of) }) == len(list)
	case "minItems":
		return !isList || float64(len(list)) >= operand.(float64)
	case "maxItems":
		return !isList || float64(len(list)) <= operand.(float64)
	case "minLength":
		return !isText || float64(utf8.RuneCountInString(text)) >= operand.(float64)
	case "maxLength":
		return !isText || float64(utf8.RuneCountInString(text)) <= operand.(float64)
	case "pattern":
		pattern := operand.(string)
		return !isText || regexp.MustCompile(strings.Replace(pattern, "(?=.)", "", 1)).MatchString(text) && (!strings.Contains(pattern, "(?=.)") || text != "")
	}
	panic(fmt.Sprintf("the schema uses %q, which this validator does not know", keyword))
}

func isType(name string, value any) bool {
	switch value.(type) {
	case map[string]any:
		return name == "object"
	case []any:
		return name == "array"
	case string:
		return name == "string"
	case float64:
		return name == "number"
	case bool:
		return name == "boolean"
	}
	return name == "null"
}

func anyOf(list []any, fits func(any) bool) int {
	n := 0
	for _, of := range list {
		if fits(of) {
			n++
		}
	}
	return n
}

func TestSchemaAcceptsWhatMarshalWrites(t *testing.T) {
	v := newValidator(t)
	worlds(t, 5, func(t *testing.T, w world) {
		for _, e := range w.exprs {
			b, err := filter.Marshal(e)
			require.NoError(t, err)
			require.True(t, v.valid(b), string(b))
		}
	})
}
