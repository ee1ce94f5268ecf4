package intake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// maxPath is the maximum number of steps of a path.
const maxPath = 32

// path finds values in the body of a submission. See Form.Fields for the syntax.
type path []step

// step goes from a value to values in it: to the member or item with the name, to the first item
// whose value at key is want, or to every item.
type step struct {
	name string
	key  path // with want
	want string
	each bool
}

func badPath(s, reason string) error {
	return text.Refuse("form", fmt.Sprintf("%q is not a path: %s", s, reason))
}

// parsePath parses a path. The error is a *visitor.FieldError.
func parsePath(s string) (path, error) {
	var p path
	for rest := s; ; {
		var next step
		var err error
		switch {
		case strings.HasPrefix(rest, "["):
			next, rest, err = parseItem(s, rest[1:])
		case len(p) > 0 && !strings.HasPrefix(rest, "."):
			err = badPath(s, "no . or [ after ]")
		default:
			if len(p) > 0 {
				rest = rest[1:]
			}
			next.name, rest = cutName(rest)
			if next.name == "" {
				err = badPath(s, `a name is empty; write a name with ., [ or ] as ["name"]`)
			}
		}
		if err != nil {
			return nil, err
		}
		p = append(p, next)
		switch {
		case rest == "":
			return p, nil
		case rest[0] == ']':
			return nil, badPath(s, "] without [")
		case len(p) == maxPath:
			return nil, badPath(s, fmt.Sprintf("more than %d steps", maxPath))
		}
	}
}

// cutName splits a path after its first name.
func cutName(s string) (name, rest string) {
	if i := strings.IndexAny(s, ".[]"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// parseItem parses a step in brackets, without the first one, and returns what follows it.
func parseItem(whole, s string) (next step, rest string, err error) {
	key, end, ok := cutText(s, "=]")
	if !ok {
		return step{}, "", badPath(whole, "no ]")
	}
	if s[end] == ']' {
		return step{name: key, each: end == 0}, s[end+1:], nil
	}
	s = s[end+1:]
	want, end, ok := cutText(s, "]")
	if !ok {
		return step{}, "", badPath(whole, "no ]")
	}
	next = step{want: want}
	for _, name := range strings.Split(key, ".") {
		if name == "" {
			return step{}, "", badPath(whole, "no name before =")
		}
		next.key = append(next.key, step{name: name})
	}
	if len(next.key) > maxPath {
		return step{}, "", badPath(whole, fmt.Sprintf("more than %d steps", maxPath))
	}
	return next, s[end+1:], nil
}

// cutText returns the text up to one of the ends, or the JSON string before it, and the index of
// the end.
func cutText(s, ends string) (value string, end int, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end = strings.IndexAny(s, ends)
		return s[:max(end, 0)], end, end >= 0
	}
	decoder := json.NewDecoder(strings.NewReader(s))
	if decoder.Decode(&value) != nil {
		return "", 0, false
	}
	end = int(decoder.InputOffset())
	return value, end, end < len(s) && strings.ContainsRune(ends, rune(s[end]))
}

// find calls visit with the values at the path, until it returns false.
func (p path) find(node any, visit func(any) bool) bool {
	switch {
	case node == nil: // null counts as absent
		return true
	case len(p) == 0:
		return visit(node)
	}
	first, rest := p[0], p[1:]
	switch {
	case first.each:
		for _, item := range items(node) {
			if !rest.find(item, visit) {
				return false
			}
		}
		return true
	case first.key != nil:
		for _, item := range items(node) {
			if scalarText(first.key.get(item)) == first.want {
				return rest.find(item, visit)
			}
		}
		return true
	}
	switch node := node.(type) {
	case map[string]any:
		if child, ok := node[first.name]; ok {
			if len(rest) > 0 {
				child = decoded(node, first.name)
			}
			return rest.find(child, visit)
		}
	case []any:
		if i, err := strconv.Atoi(first.name); err == nil {
			return i < 0 || i >= len(node) || rest.find(node[i], visit)
		}
		for _, item := range node { // a list where an object was
			if object, ok := item.(map[string]any); ok {
				return p.find(object, visit)
			}
		}
	}
	if first.name == "0" { // an object where a list was
		return rest.find(node, visit)
	}
	return true
}

// get returns the first value at the path, nil if there is none.
func (p path) get(node any) (found any) {
	p.find(node, func(value any) bool {
		found = value
		return false
	})
	return found
}

// items returns the items of a list, or those of an object with numbers as names, as forms send
// lists. Another object is its own first item, followed by the objects in it.
func items(node any) []any {
	switch node := node.(type) {
	case []any:
		return node
	case map[string]any:
		names := slices.Sorted(maps.Keys(node))
		list := make([]any, 0, len(names)+1)
		if slices.ContainsFunc(names, isName) {
			list = append(list, node)
			names = slices.DeleteFunc(names, func(name string) bool {
				_, isObject := node[name].(map[string]any)
				return !isObject
			})
		}
		for _, name := range names {
			list = append(list, node[name])
		}
		return list
	}
	return nil
}

func isName(s string) bool { return strings.Trim(s, "0123456789") != "" }

// decoded returns a member of an object. It is parsed once, if it is text with JSON.
func decoded(object map[string]any, name string) any {
	object[name] = parsed(object[name])
	return object[name]
}
