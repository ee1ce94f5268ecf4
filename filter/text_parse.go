package filter

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/visitor"
)

// The words of the text form that are not fields.
const (
	wordAnd      = "AND"
	wordOr       = "OR"
	wordNot      = "NOT"
	wordHas      = "has"
	wordIs       = "is"
	wordEveryone = "everyone"
	wordNobody   = "nobody"
	wordAll      = "all"
)

// notPlain are the characters that end a word of a search, notPlainValue those that end a
// value.
const (
	notPlain      = `"“”():*<>=`
	notPlainValue = `"“”(),*`
)

// Parse reads the text form, which LANGUAGE.md describes. The expression is valid, and the
// error is a *SyntaxError. A text longer than MaxForm is refused.
func Parse(s string) (Expr, error) {
	if len(s) > MaxForm {
		return nil, &SyntaxError{Reason: "the text is too long"}
	}
	if valid := strings.ToValidUTF8(s, ""); valid != s {
		pos := 0
		for pos < len(valid) && valid[pos] == s[pos] {
			pos++
		}
		return nil, &SyntaxError{Pos: pos, Reason: "not valid UTF-8"}
	}
	p := &parser{scanner: scanner{in: s}}
	e, err := p.list()
	if err != nil {
		return nil, err
	}
	if !p.end() {
		return nil, p.fail(p.pos, "nothing was opened that this closes")
	}
	if err := Validate(e); err != nil {
		return nil, p.invalid(0, err)
	}
	return e, nil
}

type parser struct {
	scanner
	depth  int
	nodes  int
	places []int // offsets of the values of conditions, in the order of the text
}

// invalid returns the error of Validate with the offset pos.
func (p *parser) invalid(pos int, err error) error {
	refused := &Error{Reason: "not valid"}
	errors.As(err, &refused)
	return p.fail(pos, "%s", refused.Reason)
}

// nest counts levels of parentheses and negation, to limit the recursion.
func (p *parser) nest(pos int) error {
	if p.depth++; p.depth > 2*MaxDepth {
		return p.fail(pos, "nested deeper than %d", MaxDepth)
	}
	return nil
}

// item reads the next item: a condition, a text, a negation, or a list in parentheses. It
// reports whether it was a text without quotes.
func (p *parser) item() (e Expr, bare bool, err error) {
	start := p.pos
	switch {
	case p.skip("("):
		e, err = p.parenthesis(start)
	case p.skip("-"), p.keyword(wordNot):
		e, err = p.negation(start)
	case p.at(`"`):
		var s string
		if s, err = p.quoted(); err == nil {
			e, err = p.search(start, s)
		}
	default:
		return p.word()
	}
	if err == nil && !p.atBreak() {
		err = p.fail(p.pos, "a space is missing")
	}
	return e, false, err
}

func (p *parser) parenthesis(start int) (Expr, error) {
	if err := p.nest(start); err != nil {
		return nil, err
	}
	e, err := p.list()
	p.depth--
	if err == nil && !p.skip(")") {
		err = p.fail(start, "the parenthesis is not closed")
	}
	return e, err
}

func (p *parser) negation(start int) (Expr, error) {
	if err := p.nest(start); err != nil {
		return nil, err
	}
	if p.in[start] != '-' {
		p.skipSpace()
	}
	if p.atBreak() {
		return nil, p.fail(start, "nothing to negate; put it in quotes to search for it")
	}
	p.nodes++
	e, _, err := p.item()
	p.depth--
	return NotExpr{Of: e}, err
}

// word reads a condition or a text without quotes.
func (p *parser) word() (e Expr, bare bool, err error) {
	start := p.pos
	word := p.name()
	switch {
	case p.skip(":"):
		e, err = p.field(start, word)
		return e, false, err
	case !p.atBreak():
		return nil, false, p.unexpected()
	case word == wordAnd, word == wordOr:
		return nil, false, p.fail(start, "nothing before %s", word)
	}
	e, err = p.search(start, word)
	return e, true, err
}

// name reads what may be the name of a field.
func (p *parser) name() string {
	start := p.pos
	p.plain(notPlain)
	for p.pos-start <= MaxText && p.skip("..") {
		p.plain(notPlain)
	}
	return p.in[start:p.pos]
}

func (p *parser) unexpected() error {
	if p.long {
		return p.fail(p.pos, "a text longer than %d bytes", MaxText)
	}
	r, _ := utf8.DecodeRuneInString(p.in[p.pos:])
	switch r {
	case '“', '”':
		return p.fail(p.pos, `use straight quotes: "`)
	case '<', '>', '=':
		return p.fail(p.pos, "a comparison comes after a colon, as in created:>=2026-01-31; put it in quotes to search for it")
	case '*':
		return p.fail(p.pos, "a search finds parts of words by itself; put * in quotes to search for it")
	case '"', '(':
		return p.fail(p.pos, "a space is missing")
	}
	return p.fail(p.pos, "not expected here")
}

func (p *parser) search(start int, s string) (Expr, error) {
	e := SearchExpr{Text: s}
	if err := Validate(e); err != nil {
		return nil, p.invalid(start, err)
	}
	return e, nil
}

// field reads the rest of a condition, after the colon.
func (p *parser) field(start int, word string) (Expr, error) {
	name, attr, isAttr := strings.Cut(strings.ToLower(word), ".")
	if name == wordIs && !isAttr {
		return p.constant()
	}
	exists := name == wordHas && !isAttr
	if exists {
		start = p.pos
		name, attr, isAttr = strings.Cut(strings.ToLower(p.name()), ".")
	}
	f := fieldNamed(name)
	if f == nil || isAttr != (f.Kind == AttrKind) {
		return nil, p.unknownField(start, name, isAttr)
	}
	c := Condition{Field: f.Name, Attr: attr, Op: OpExists}
	switch {
	case isAttr && !visitor.ValidAttributeName(attr):
		return nil, p.fail(start, "not the name of an attribute")
	case exists && ofPermission(f.Kind):
		return nil, p.fail(start, "has takes no %s; write %s:email, and what of it", name, name)
	case exists && !slices.Contains(f.Ops, OpExists):
		return nil, p.fail(start, "every visitor has that")
	case !exists:
		if err := p.operands(f, &c); err != nil {
			return nil, err
		}
	}
	if !p.atBreak() {
		return nil, p.unexpected()
	}
	return c, nil
}

func (p *parser) constant() (Expr, error) {
	start := p.pos
	switch word := p.name(); {
	case !p.atBreak():
		return nil, p.unexpected()
	case strings.EqualFold(word, wordEveryone):
		return All(), nil
	case strings.EqualFold(word, wordNobody):
		return None(), nil
	default:
		err := p.fail(start, "want everyone or nobody")
		err.Suggestion = Suggest(word, []string{wordEveryone, wordNobody})
		return nil, err
	}
}

func (p *parser) unknownField(start int, name string, isAttr bool) error {
	switch {
	case name == "":
		return p.fail(start, "the name of a field is missing")
	case name == "attr" && !isAttr:
		return p.fail(start, "the name of the attribute is missing: attr.name")
	case isAttr && fieldNamed(name) != nil:
		err := p.fail(start, "only attr takes a name after the dot")
		err.Suggestion = name
		return err
	}
	known := []string{"attr"}
	if !isAttr {
		known = []string{wordHas, wordIs}
		for _, f := range fields {
			if f.Kind != AttrKind {
				known = append(known, f.Name)
			}
		}
	}
	err := p.fail(start, "unknown field; an attribute is written attr.name:value, and a text with a colon goes in quotes")
	err.Suggestion = Suggest(name, known)
	return err
}
