package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// checkObject returns the JSON object that is the body, without white space around it.
func checkObject(body []byte) ([]byte, error) {
	if len(body) > MaxBody {
		return nil, text.Refuse("body", fmt.Sprintf("longer than %d bytes", MaxBody))
	}
	if !json.Valid(body) {
		var syntax *json.SyntaxError
		errors.As(json.Unmarshal(body, new(any)), &syntax)
		return nil, text.Refuse("body", fmt.Sprintf("not JSON: broken at byte %d", syntax.Offset))
	}
	body = slices.Clip(bytes.Trim(body, " \t\r\n"))
	if body[0] != '{' {
		return nil, text.Refuse("body", "not a JSON object")
	}
	return body, nil
}

// object is a JSON object of a channel. It refers to the body, whose syntax is valid, so that it is
// parsed only once, and each event can keep its own JSON.
//
// It is lenient: a value of the wrong type counts as missing, an array where an object belongs
// stands for its first element, and an object where an array belongs for the only element.
type object struct {
	json    []byte
	members []member
}

// member is a key and its value in the JSON of an object.
type member struct{ key, keyEnd, value, valueEnd int32 } // a body has at most MaxBody bytes

// parseObject returns the members of an object. A key that has escapes is not decoded.
func parseObject(b []byte) object {
	b = first(b)
	if len(b) == 0 || b[0] != '{' {
		return object{}
	}
	o := object{b, make([]member, 0, 8)}
	for i := skipSpace(b, 1); b[i] != '}'; {
		end := skipValue(b, i)
		m := member{key: int32(i + 1), keyEnd: int32(end - 1)}
		i = skipSpace(b, skipSpace(b, end)+1) // over the colon
		end = skipValue(b, i)
		m.value, m.valueEnd = int32(i), int32(end)
		o.members = append(o.members, m)
		i = nextItem(b, end)
	}
	return o
}

// missing reports whether there is no object.
func (o object) missing() bool { return o.json == nil }

// get returns the value of a key, nil if it is missing or null. The last one of several counts.
func (o object) get(key string) []byte {
	for _, m := range slices.Backward(o.members) {
		if string(o.json[m.key:m.keyEnd]) == key {
			value := o.json[m.value:m.valueEnd:m.valueEnd]
			if string(value) == "null" {
				return nil
			}
			return value
		}
	}
	return nil
}

// all iterates over the keys, in their order and each once, and their last values.
func (o object) all() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		last := make(map[string][]byte, len(o.members))
		for _, m := range o.members {
			last[string(o.json[m.key:m.keyEnd])] = o.json[m.value:m.valueEnd:m.valueEnd]
		}
		for _, m := range o.members {
			key := string(o.json[m.key:m.keyEnd])
			value, ok := last[key]
			delete(last, key)
			if ok && !yield(key, value) {
				return
			}
		}
	}
}

// has reports whether the key has a value other than null and false.
func (o object) has(key string) bool {
	value := o.get(key)
	return value != nil && string(value) != "false"
}

func (o object) object(key string) object { return parseObject(o.get(key)) }

func (o object) list(key string) iter.Seq[[]byte] { return elements(o.get(key)) }

// id returns an id or a time.
func (o object) id(key string) scalar {
	var s scalar
	if value := o.get(key); value != nil {
		_ = s.UnmarshalJSON(value)
	}
	return s
}

// ids returns the ids of several keys.
func (o object) ids(keys ...string) []scalar {
	ids := make([]scalar, len(keys))
	for i, key := range keys {
		ids[i] = o.id(key)
	}
	return ids
}

// text returns a text, "" for a number.
func (o object) text(key string) string {
	if value := o.get(key); value != nil && value[0] == '"' {
		return string(o.id(key))
	}
	return ""
}

// elements iterates over the elements of an array. An object is its own only element.
func elements(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(b) == 0 || b[0] != '[' {
			if len(b) > 0 && b[0] == '{' {
				yield(b)
			}
			return
		}
		for i := skipSpace(b, 1); b[i] != ']'; {
			end := skipValue(b, i)
			if !yield(b[i:end:end]) {
				return
			}
			i = nextItem(b, end)
		}
	}
}

// first returns the first element of an array, and any other value as it is.
func first(b []byte) []byte {
	if len(b) > 0 && b[0] == '[' {
		for element := range elements(b) {
			return element
		}
	}
	return b
}

// nextItem returns the place of the next item after the one that ends at i, or of the closing
// bracket.
func nextItem(b []byte, i int) int {
	if i = skipSpace(b, i); b[i] == ',' {
		return skipSpace(b, i+1)
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r' {
		i++
	}
	return i
}

// skipValue returns the end of the value that starts at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch b[i] {
			case '"':
				i = skipString(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i < len(b) && !strings.ContainsRune(",]} \n\t\r", rune(b[i])) { // a number, true, false or null
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}
