package intaketest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A tree is JSON with the order of keys and duplicate keys preserved: an Object, an Array, or a
// json.RawMessage.
type (
	Object []Member // in order
	Array  []any    // of trees
	Member struct { // of an Object
		Key   string
		Value any
	}
)

// ParseTree parses JSON.
func ParseTree(t testing.TB, body []byte) any {
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
		o := Object{}
		for dec.More() {
			key, err := dec.Token()
			require.NoError(t, err)
			o = append(o, Member{key.(string), readTree(t, dec)})
		}
		_, err = dec.Token()
		require.NoError(t, err)
		return o
	case json.Delim('['):
		a := Array{}
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

// EncodeTree returns the tree as JSON.
func EncodeTree(tree any) []byte {
	var b bytes.Buffer
	writeTree(&b, tree)
	return b.Bytes()
}

func writeTree(b *bytes.Buffer, tree any) {
	switch v := tree.(type) {
	case Object:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			key, _ := json.Marshal(m.Key)
			b.Write(key)
			b.WriteByte(':')
			writeTree(b, m.Value)
		}
		b.WriteByte('}')
	case Array:
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

// Step is an index in an object or an array.
type Step int

// Walk calls visit with the path of every value in the tree except the root.
func Walk(tree any, at []Step, visit func(at []Step)) {
	children := 0
	switch v := tree.(type) {
	case Object:
		children = len(v)
	case Array:
		children = len(v)
	}
	for i := range children {
		place := append(slices.Clone(at), Step(i))
		visit(place)
		Walk(child(tree, Step(i)), place, visit)
	}
}

func child(tree any, s Step) any {
	if o, ok := tree.(Object); ok {
		return o[s].Value
	}
	return tree.(Array)[s]
}

// Get returns the value at a path.
func Get(tree any, at []Step) any {
	for _, s := range at {
		tree = child(tree, s)
	}
	return tree
}

// Path returns a path in readable form, such as "entry[0].id".
func Path(tree any, at []Step) string {
	var b strings.Builder
	for _, s := range at {
		if o, ok := tree.(Object); ok {
			fmt.Fprintf(&b, ".%s", o[s].Key)
		} else {
			fmt.Fprintf(&b, "[%d]", s)
		}
		tree = child(tree, s)
	}
	return strings.TrimPrefix(b.String(), ".")
}

// Edited returns a copy of the tree with the value at a path replaced by n copies of value: 0
// removes it, 2 duplicates it.
func Edited(tree any, at []Step, n int, value any) any {
	last := len(at) == 1
	switch v := tree.(type) {
	case Object:
		out := slices.Clone(v)
		m := out[at[0]]
		if !last {
			out[at[0]].Value = Edited(m.Value, at[1:], n, value)
			return out
		}
		return slices.Replace(out, int(at[0]), int(at[0])+1, slices.Repeat([]Member{{m.Key, value}}, n)...)
	case Array:
		out := slices.Clone(v)
		if !last {
			out[at[0]] = Edited(out[at[0]], at[1:], n, value)
			return out
		}
		return slices.Replace(out, int(at[0]), int(at[0])+1, slices.Repeat([]any{value}, n)...)
	}
	panic("no such place")
}
