package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A tree is JSON that keeps the order of keys and may have one twice: an object, an array,
// or raw JSON.
type (
	object []member
	array  []any
	member struct {
		key   string
		value any
	}
)

func parseTree(t testing.TB, body []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	tree := readTree(t, dec)
	require.False(t, dec.More())
	return tree
}

func readTree(t testing.TB, dec *json.Decoder) any {
	token, err := dec.Token()
	require.NoError(t, err)
	switch token {
	case json.Delim('{'):
		o := object{}
		for dec.More() {
			key, err := dec.Token()
			require.NoError(t, err)
			o = append(o, member{key.(string), readTree(t, dec)})
		}
		_, err = dec.Token()
		require.NoError(t, err)
		return o
	case json.Delim('['):
		a := array{}
		for dec.More() {
			a = append(a, readTree(t, dec))
		}
		_, err = dec.Token()
		require.NoError(t, err)
		return a
	}
	raw, err := json.Marshal(token)
	require.NoError(t, err)
	return json.RawMessage(raw)
}

func encodeTree(tree any) []byte {
	var b bytes.Buffer
	writeTree(&b, tree)
	return b.Bytes()
}

func writeTree(b *bytes.Buffer, tree any) {
	switch v := tree.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			key, _ := json.Marshal(m.key)
			b.Write(key)
			b.WriteByte(':')
			writeTree(b, m.value)
		}
		b.WriteByte('}')
	case array:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeTree(b, item)
		}
		b.WriteByte(']')
	case json.RawMessage:
		b.Write(v)
	default:
		panic(fmt.Sprintf("not a tree: %T", tree))
	}
}

// A step is a place in an object or an array.
type step int

// walk calls visit with every place of the tree but the root.
func walk(tree any, at []step, visit func(at []step)) {
	children := 0
	switch v := tree.(type) {
	case object:
		children = len(v)
	case array:
		children = len(v)
	}
	for i := range children {
		place := append(slices.Clone(at), step(i))
		visit(place)
		walk(child(tree, step(i)), place, visit)
	}
}

func child(tree any, s step) any {
	if o, ok := tree.(object); ok {
		return o[s].value
	}
	return tree.(array)[s]
}

func get(tree any, at []step) any {
	for _, s := range at {
		tree = child(tree, s)
	}
	return tree
}

// path names a place as people do.
func path(tree any, at []step) string {
	var b strings.Builder
	for _, s := range at {
		if o, ok := tree.(object); ok {
			fmt.Fprintf(&b, ".%s", o[s].key)
		} else {
			fmt.Fprintf(&b, "[%d]", s)
		}
		tree = child(tree, s)
	}
	return strings.TrimPrefix(b.String(), ".")
}

// edited returns the tree with n copies of what value makes of the thing at the place: 0
// drops it, 2 doubles it. The tree itself stays as it is.
func edited(tree any, at []step, n int, value any) any {
	last := len(at) == 1
	switch v := tree.(type) {
	case object:
		out := slices.Clone(v)
		m := out[at[0]]
		if !last {
			out[at[0]].value = edited(m.value, at[1:], n, value)
			return out
		}
		return slices.Replace(out, int(at[0]), int(at[0])+1, slices.Repeat([]member{{m.key, value}}, n)...)
	case array:
		out := slices.Clone(v)
		if !last {
			out[at[0]] = edited(out[at[0]], at[1:], n, value)
			return out
		}
		return slices.Replace(out, int(at[0]), int(at[0])+1, slices.Repeat([]any{value}, n)...)
	}
	panic("no such place")
}
