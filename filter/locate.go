package filter

import (
	"strconv"
	"strings"
)

// Locate returns where in a text, in bytes, the value stands that the pointer of an *Error,
// an *UnknownError or a Warning is about, for an expression that Parse has made of the text.
// Of a node that holds several values it is the first one; ok is false for what has none.
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

// pointValues yields the pointers of the values in e, in the order of the text.
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
