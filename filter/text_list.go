package filter

import "strings"

// listing is a list while it is read: items joined by AND, which can be omitted, or by OR.
type listing struct {
	items []Expr
	op    string // wordAnd or wordOr; "" until it is known
	mixed int    // the offset of the first joiner of the other kind; -1 if there is none
	parts []part
}

// part is an item's place in the text. Each word of a search is a part.
type part struct {
	start, end int
	joiner     string // before it: wordAnd or wordOr
	label      string // the item without its operands, for errors
}

// list reads items up to a closing parenthesis or the end. A list of one item is that
// item, unless it starts with AND or OR.
func (p *parser) list() (Expr, error) {
	start := p.pos
	p.skipSpace()
	l := listing{op: p.joiner(), mixed: -1}
	explicit, wasBare := l.op != "", false
	for {
		p.skipSpace()
		at := p.pos
		joiner := p.joiner()
		if joiner != "" && len(l.items) == 0 {
			return nil, p.fail(at, "nothing before %s", joiner)
		}
		p.skipSpace()
		if p.end() || p.at(")") {
			if joiner != "" {
				return nil, p.fail(at, "nothing after %s", joiner)
			}
			break
		}
		part := part{start: p.pos, joiner: joiner}
		e, bare, err := p.item()
		if err != nil {
			return nil, err
		}
		part.end, part.label = p.pos, label(e)
		if err := p.add(&l, e, part, at, bare && wasBare && joiner == ""); err != nil {
			return nil, err
		}
		wasBare = bare
	}
	switch {
	case l.mixed >= 0:
		return nil, p.mixedUp(l)
	case len(l.items) == 0 && l.op != "":
		return nil, p.fail(start, "nothing after %s", l.op)
	case len(l.items) == 0:
		return nil, p.fail(start, "nothing is asked for; is:everyone means everyone")
	case len(l.items) == 1 && !explicit:
		return l.items[0], nil
	case l.op == wordOr:
		return OrExpr{Of: l.items}, nil
	}
	return AndExpr{Of: l.items}, nil
}

// joiner reads AND or OR; "" if neither is next.
func (p *parser) joiner() string {
	switch {
	case p.keyword(wordAnd):
		return wordAnd
	case p.keyword(wordOr):
		return wordOr
	}
	return ""
}

// add appends the item e, or, if goesOn, appends its words to the search before it.
func (p *parser) add(l *listing, e Expr, part part, at int, goesOn bool) error {
	if part.joiner == "" {
		part.joiner = wordAnd
	}
	if len(l.items) > 0 {
		switch l.op {
		case "":
			l.op = part.joiner
		case part.joiner:
		default:
			if l.mixed < 0 {
				l.mixed = at
			}
		}
	}
	l.parts = append(l.parts, part)
	if goesOn {
		last := len(l.items) - 1
		text := l.items[last].(SearchExpr).Text + " " + e.(SearchExpr).Text
		if len(text) > MaxText {
			return p.fail(part.start, "a text longer than %d bytes", MaxText)
		}
		l.items[last] = SearchExpr{Text: text}
		return nil
	}
	if p.nodes++; p.nodes > MaxNodes {
		return p.fail(part.start, "more than %d conditions", MaxNodes)
	}
	l.items = append(l.items, e)
	return nil
}

// mixedUp returns the error for a list with both AND and OR, with the two possible meanings.
func (p *parser) mixedUp(l listing) error {
	const most = 12 // parts that are shown
	text := func(part part) string { return p.in[part.start:part.end] }
	hidden := func(part part) string { return part.label }
	shown := l.parts[:min(most, len(l.parts))]
	err := p.fail(l.mixed, "AND and OR are mixed: write %s or %s", reading(shown, wordAnd, hidden), reading(shown, wordOr, hidden))
	err.Readings = []string{reading(l.parts, wordAnd, text), reading(l.parts, wordOr, text)}
	return err
}

// reading writes the parts, with parentheses around those joined by first.
func reading(parts []part, first string, spell func(part) string) string {
	inner, outer := " ", " OR "
	if first == wordOr {
		inner, outer = outer, inner
	}
	var runs [][]string
	for i, part := range parts {
		if i == 0 || part.joiner != first {
			runs = append(runs, nil)
		}
		last := len(runs) - 1
		runs[last] = append(runs[last], spell(part))
	}
	texts := make([]string, len(runs))
	for i, run := range runs {
		texts[i] = strings.Join(run, inner)
		if len(run) > 1 {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, outer)
}

// label describes e without its operands.
func label(e Expr) string {
	switch e := e.(type) {
	case Condition:
		name := fieldName(e.Field, e.Attr)
		if e.Op == OpExists {
			return wordHas + ":" + name
		}
		return name + ":…"
	case ConstExpr:
		return wordIs + ":" + constantWord(e.Everyone)
	case NotExpr:
		return "-" + label(e.Of)
	case SearchExpr:
		return "…"
	}
	return "(…)"
}

func constantWord(everyone bool) string {
	if everyone {
		return wordEveryone
	}
	return wordNobody
}
