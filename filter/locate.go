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
	pointValues(e, "/filter", func(at string) bool {
		if at == pointer || strings.HasPrefix(at, pointer+"/") {
			pos, ok = p.places[next], true
		}
		next++
		return !ok
	})
	return pos, ok
}

// pointValues yields the pointers of all values in e, in the order of the text.
func pointValues(e Expr, at string, yield func(string) bool) bool {
	of := func(list []Expr) bool {
		for i, child := range list {
			if !pointValues(child, at+"/of/"+strconv.Itoa(i), yield) {
				return false
			}
		}
		return true
	}
	switch e := e.(type) {
	case AndExpr:
		return of(e.Of)
	case OrExpr:
		return of(e.Of)
	case NotExpr:
		return pointValues(e.Of, at+"/of", yield)
	case Condition:
		for i := range e.Values {
			if !yield(at + "/values/" + strconv.Itoa(i)) {
				return false
			}
		}
	}
	return true
}
