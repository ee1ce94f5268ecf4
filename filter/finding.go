package filter

// finding is a verdict whose conditions to change can be marked.
type finding struct {
	verdict Verdict
	op      string // one of the constants below; "" for a leaf
	of      []*finding
}

const (
	foundAll = "all"
	foundAny = "any"
	foundNot = "not"
)

func joinFindings(op, text string, of []*finding) *finding {
	matching := 0
	for _, child := range of {
		if child.verdict.Matches {
			matching++
		}
	}
	found := &finding{op: op, of: of, verdict: Verdict{Text: text}}
	switch op {
	case foundAll:
		found.verdict.Matches = matching == len(of)
	case foundAny:
		found.verdict.Matches = matching > 0
	case foundNot:
		found.verdict.Matches = matching == 0
	}
	return found
}

// finish returns the verdict with its children.
func (f *finding) finish() Verdict {
	for _, child := range f.of {
		f.verdict.Children = append(f.verdict.Children, child.finish())
	}
	return f.verdict
}

// mark marks the fewest leaves whose result would have to differ for f to match.
func (f *finding) mark() {
	needed, _ := f.needed(true)
	for _, leaf := range needed {
		leaf.verdict.Change = true
	}
}

// needed returns the fewest leaves whose result would have to differ for f to be as wanted, or
// false if that is impossible.
func (f *finding) needed(want bool) ([]*finding, bool) {
	if f.verdict.Matches == want {
		return nil, true
	}
	switch {
	case f.verdict.Constant:
		return nil, false
	case f.op == foundNot:
		return f.of[0].needed(!want)
	case f.op == "":
		return []*finding{f}, true
	case (f.op == foundAll) == want:
		return f.neededOfAll(want)
	}
	return f.neededOfOne(want)
}

func (f *finding) neededOfAll(want bool) (all []*finding, possible bool) {
	for _, child := range f.of {
		needed, ok := child.needed(want)
		if !ok {
			return nil, false
		}
		all = append(all, needed...)
	}
	return all, true
}

func (f *finding) neededOfOne(want bool) (fewest []*finding, ok bool) {
	for _, child := range f.of {
		if needed, possible := child.needed(want); possible && (!ok || len(needed) < len(fewest)) {
			fewest, ok = needed, true
		}
	}
	return fewest, ok
}
