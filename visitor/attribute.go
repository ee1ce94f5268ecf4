package visitor

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// Attributes are additional typed facts about a visitor, by name.
type Attributes map[string]Value

// Clone returns a copy that shares nothing with a, nil if a is empty.
func (a Attributes) Clone() Attributes {
	if len(a) == 0 {
		return nil
	}
	return maps.Clone(a) // a Value cannot be changed, so its list may be shared
}

// Equal reports whether a and b hold the same names and values.
func (a Attributes) Equal(b Attributes) bool { return maps.EqualFunc(a, b, Value.Equal) }

// Merge returns a copy of a with the values of set and without the names in unset. A name in
// both is set.
func (a Attributes) Merge(set Attributes, unset []string) Attributes {
	next := make(Attributes, len(a)+len(set))
	maps.Copy(next, a)
	for _, name := range unset {
		delete(next, name)
	}
	maps.Copy(next, set)
	if len(next) == 0 {
		return nil
	}
	return next
}

// Attributes returns a in normalized form, nil if it is empty, or a *FieldError. A name has 1 to
// MaxAttributeName lower-case ASCII letters, digits, '_', '-' and '.', and starts with a
// letter. A text is cleaned by text.Clean and an item of a list by text.Line; texts, items and
// lists must not be empty. A number is finite; a time is in the years 1 to 9999.
func (r Rules) Attributes(a Attributes) (Attributes, error) {
	if len(a) == 0 {
		return nil, nil
	}
	if len(a) > MaxAttributes {
		return nil, text.Refuse("attributes", fmt.Sprintf("more than %d", MaxAttributes))
	}
	out := make(Attributes, len(a))
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if err := checkAttributeName(name); err != nil {
			return nil, err
		}
		value, err := normalizeValue("attribute "+name, a[name])
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

func normalizeValue(field string, v Value) (Value, error) {
	switch v.kind {
	case TextKind:
		s, err := text.Clean(field, v.text, MaxAttributeText)
		if err != nil {
			return Value{}, err
		}
		if s == "" {
			return Value{}, text.Refuse(field, "empty: use Unset to remove it")
		}
		return Text(s), nil
	case NumberKind:
		if math.IsNaN(v.number) || math.IsInf(v.number, 0) {
			return Value{}, text.Refuse(field, "not a finite number")
		}
	case TimeKind:
		if y := v.Time().Year(); y < 1 || y > 9999 {
			return Value{}, text.Refuse(field, "not in the years 1 to 9999")
		}
	case ListKind:
		return normalizeList(field, v.list)
	case BoolKind:
	default:
		return Value{}, text.Refuse(field, "no value")
	}
	return v, nil
}

func normalizeList(field string, items []string) (Value, error) {
	if len(items) == 0 {
		return Value{}, text.Refuse(field, "empty: use Unset to remove it")
	}
	if len(items) > MaxAttributeList {
		return Value{}, text.Refuse(field, fmt.Sprintf("more than %d items", MaxAttributeList))
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		item, err := line(field, item, MaxAttributeText)
		if err != nil {
			return Value{}, err
		}
		if item == "" {
			return Value{}, text.Refuse(field, "an empty item")
		}
		out = append(out, item)
	}
	return Value{kind: ListKind, list: out}, nil
}

func checkAttributeName(name string) error {
	if !ValidAttributeName(name) {
		return text.Refuse("attribute", fmt.Sprintf("a name has 1 to %d lower-case letters, digits, _, - and ., and starts with a letter", MaxAttributeName))
	}
	return nil
}

// ValidAttributeName reports whether an attribute can have the name: 1 to MaxAttributeName
// lower-case ASCII letters, digits, '_', '-' and '.', starting with a letter.
func ValidAttributeName(name string) bool {
	return validName(name, MaxAttributeName, nameCharacters+".")
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_-" // of sources and attributes

// validName reports whether s is a lower-case letter and at most limit-1 allowed characters.
func validName(s string, limit int, allowed string) bool {
	return s != "" && len(s) <= limit && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, allowed) == ""
}
