package filter

// finding is a verdict whose conditions to change can be marked.
type finding struct {
	Verdict
	op string // formAnd, formOr or formNot; "" for a leaf
	of []*finding
}

func joinFindings(op, text string, of []*finding) *finding {
	matching := 0
	for _, child := range of {
		if child.Matches {
			matching++
		}
	}
	found := &finding{op: op, of: of, Verdict: Verdict{Text: text}}
	switch op {
	case formAnd:
		found.Matches = matching == len(of)
	case formOr:
		found.Matches = matching > 0
	case formNot:
		found.Matches = matching == 0
	}
	return found
}

// finish returns the verdict with its children.
func (f *finding) finish() Verdict {
	for _, child := range f.of {
		f.Children = append(f.Children, child.finish())
	}
	return f.Verdict
}

// needed returns the fewest leaves whose result would have to differ for f to be as wanted, or
// false if that is impossible.
func (f *finding) needed(want bool) (fewest []*finding, ok bool) {
	switch {
	case f.Matches == want:
		return nil, true
	case f.Constant:
		return nil, false
	case f.op == "":
		return []*finding{f}, true
	case f.op == formNot:
		return f.of[0].needed(!want)
	}
	all := (f.op == formAnd) == want // else one child is enough
	ok = all
	for _, child := range f.of {
		needed, possible := child.needed(want)
		switch {
		case all && !possible:
			return nil, false
		case all:
			fewest = append(fewest, needed...)
		case possible && (!ok || len(needed) < len(fewest)):
			fewest, ok = needed, true
		}
	}
	return fewest, ok
}
