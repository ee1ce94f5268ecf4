package filter

import (
	"strconv"
	"strings"
)

// Locate returns the byte offset, in the text s, of the value that the pointer of an *Error,
// an *UnknownError or a Warning refers to, for an expression that Parse returned for s. For a
// node with several values it is that of the first; ok is false for a node without values.
func Locate(s, pointer string) (pos int, ok bool) {
	p := &parser{scanner: scanner{in: s}}
	e, err := p.list()
	if err != nil || !p.end() {
		return 0, false
	}
	next := 0
	pointValues(e, "/filter", func(at string) {
		if !ok && (at == pointer || strings.HasPrefix(at, pointer+"/")) {
			pos, ok = p.places[next], true
		}
		next++
	})
	return pos, ok
}

// pointValues calls visit with the pointers of all values in e, in the order of the text.
func pointValues(e Expr, at string, visit func(at string)) {
	for i, child := range childrenOf(e) {
		_, pointer := stepTo(e, i)
		pointValues(child, at+pointer, visit)
	}
	if c, ok := e.(Condition); ok {
		for i := range c.Values {
			visit(at + "/values/" + strconv.Itoa(i))
		}
	}
}
