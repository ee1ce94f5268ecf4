package consent

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// codes are the values of an enumeration in their order, each with its text for people.
type codes[T ~string] []struct {
	value T
	text  string
}

func (c codes[T]) index(v T) int {
	for i := range c {
		if c[i].value == v {
			return i
		}
	}
	return -1
}

func (c codes[T]) text(v T) string {
	if i := c.index(v); i >= 0 {
		return c[i].text
	}
	return ""
}

func (c codes[T]) values() []T {
	values := make([]T, len(c))
	for i := range c {
		values[i] = c[i].value
	}
	return values
}

// check returns a *text.FieldError if v is not one of the values.
func (c codes[T]) check(field string, v T) error {
	if c.index(v) >= 0 {
		return nil
	}
	names := make([]string, len(c))
	for i := range c {
		names[i] = string(c[i].value)
	}
	if v == "" {
		return text.Refuse(field, "missing; known are "+strings.Join(names, ", "))
	}
	return text.Refuse(field, "unknown; known are "+strings.Join(names, ", "))
}

// parse returns the value that s is, in any case and with any space around it.
func (c codes[T]) parse(field, s string) (T, error) {
	v := T(strings.ToLower(strings.TrimSpace(s)))
	if err := c.check(field, v); err != nil {
		return "", err
	}
	return v, nil
}

// checkOptional is check, and accepts "".
func (c codes[T]) checkOptional(field string, v T) error {
	if v == "" {
		return nil
	}
	return c.check(field, v)
}

// sorted returns the given values in the order of c, each once.
func (c codes[T]) sorted(given []T) []T {
	given = slices.Clone(given)
	slices.SortFunc(given, func(a, b T) int { return c.index(a) - c.index(b) })
	return slices.Compact(given)
}
