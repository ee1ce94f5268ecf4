package filter

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// object reads an object with these keys. It calls visit after each key, to read the value. It
// refuses a repeated key, and an unknown key without quoting it.
func (r *formReader) object(keys []string, visit func(key string) error) error {
	if token, err := r.dec.Token(); token != json.Delim('{') {
		return r.want(err, "want an object")
	}
	var seen []string
	for r.dec.More() {
		token, err := r.dec.Token()
		key, ok := token.(string)
		switch {
		case !ok:
			return r.bad(err)
		case !slices.Contains(keys, key):
			return refuse("key %d is unknown; known are %s", len(seen)+1, strings.Join(keys, ", "))
		case slices.Contains(seen, key):
			return under(refuse("given twice"), "", "/"+key)
		}
		seen = append(seen, key)
		if err := visit(key); err != nil {
			return under(err, "", "/"+key)
		}
	}
	_, err := r.dec.Token()
	return r.bad(err)
}

// next returns the first byte of the next token, 0 at the end.
func (r *formReader) next() byte {
	rest := bytes.TrimLeft(r.in[r.dec.InputOffset():], " \t\r\n:,")
	if len(rest) == 0 {
		return 0
	}
	return rest[0]
}

// readList reads a list, each item with read.
func readList[T any](r *formReader, read func() (T, error)) ([]T, error) {
	if token, err := r.dec.Token(); token != json.Delim('[') {
		return nil, r.want(err, "want a list")
	}
	var list []T
	for i := 0; r.dec.More(); i++ {
		if i == MaxList {
			return nil, refuse("more than %d", MaxList)
		}
		item, err := read()
		if err != nil {
			return nil, under(err, "", "/"+strconv.Itoa(i))
		}
		list = append(list, item)
	}
	_, err := r.dec.Token()
	return list, r.bad(err)
}

func (r *formReader) text() (string, error) {
	token, err := r.dec.Token()
	s, ok := token.(string)
	if !ok {
		return "", r.want(err, "want a text")
	}
	return s, nil
}

func numberFrom(n json.Number) (float64, error) {
	f, err := n.Float64()
	if err != nil {
		return 0, refuse("a number out of range")
	}
	return f, nil
}

// want returns the error for an unexpected token: reason, unless the input is not JSON.
func (r *formReader) want(err error, reason string) error {
	if err != nil {
		return r.bad(err)
	}
	return refuse("%s", reason)
}

// bad returns the error for input that is not JSON, nil if err is nil.
func (r *formReader) bad(err error) error {
	if err != nil {
		return refuse("not JSON at byte %d", r.dec.InputOffset())
	}
	return nil
}
