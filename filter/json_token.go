package filter

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// maxKey is the length of a key that an error repeats; longer ones are not ours.
const maxKey = 16

// object reads an object. It calls visit after each key, to read what is there, and
// refuses a key that comes twice.
func (r *formReader) object(visit func(key string) error) error {
	if token, err := r.dec.Token(); token != json.Delim('{') {
		return r.want(err, "want an object")
	}
	var seen []string
	for r.dec.More() {
		token, err := r.dec.Token()
		key, ok := token.(string)
		if !ok {
			return r.bad(err)
		}
		if slices.Contains(seen, key) {
			return under(refuse("given twice"), "", pointerTo(key))
		}
		seen = append(seen, key)
		if err := visit(key); err != nil {
			return under(err, "", pointerTo(key))
		}
	}
	_, err := r.dec.Token()
	return r.bad(err)
}

func pointerTo(key string) string {
	if len(key) > maxKey {
		return "/…"
	}
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// next returns the first character of what comes next.
func (r *formReader) next() byte {
	rest := bytes.TrimLeft(r.in[r.dec.InputOffset():], " \t\r\n:,")
	if len(rest) == 0 {
		return 0
	}
	return rest[0]
}

// list reads a list. It calls visit before each item, to read it.
func (r *formReader) list(visit func(i int) error) error {
	if token, err := r.dec.Token(); token != json.Delim('[') {
		return r.want(err, "want a list")
	}
	for i := 0; r.dec.More(); i++ {
		if i == MaxList {
			return refuse("more than %d", MaxList)
		}
		if err := visit(i); err != nil {
			return under(err, "", "/"+strconv.Itoa(i))
		}
	}
	_, err := r.dec.Token()
	return r.bad(err)
}

func (r *formReader) text(to **string) error {
	token, err := r.dec.Token()
	s, ok := token.(string)
	if !ok {
		return r.want(err, "want a text")
	}
	*to = &s
	return nil
}

func (r *formReader) number() (float64, error) {
	token, err := r.dec.Token()
	n, ok := token.(json.Number)
	if !ok {
		return 0, r.want(err, "want a number")
	}
	return numberFrom(n)
}

func numberFrom(n json.Number) (float64, error) {
	f, err := n.Float64()
	if err != nil {
		return 0, refuse("a number out of range")
	}
	return f, nil
}

// want refuses what is there, for the reason given when it is JSON at all.
func (r *formReader) want(err error, reason string) error {
	if err != nil {
		return r.bad(err)
	}
	return refuse("%s", reason)
}

// bad refuses what is not JSON.
func (r *formReader) bad(err error) error {
	if err != nil {
		return refuse("not JSON at byte %d", r.dec.InputOffset())
	}
	return nil
}
