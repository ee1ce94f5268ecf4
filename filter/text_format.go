package filter

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
)

// Format returns the text form of e: see LANGUAGE.md. Parse reads it back as e, with times in
// UTC to the microsecond. The error is that of Validate, or an *Error for a Bound.
func Format(e Expr) (string, error) {
	if err := validateForm(e); err != nil {
		return "", err
	}
	var b strings.Builder
	format(&b, e, true)
	return b.String(), nil
}

// format writes e as an item of a list, or as the whole text.
func format(b *strings.Builder, e Expr, whole bool) {
	switch e := e.(type) {
	case ConstExpr:
		b.WriteString(wordIs + ":" + constantWord(e.Everyone))
	case AndExpr:
		formatList(b, wordAnd, e.Of, whole)
	case OrExpr:
		formatList(b, wordOr, e.Of, whole)
	case NotExpr:
		b.WriteByte('-')
		format(b, e.Of, false)
	case SearchExpr:
		b.WriteString(searchText(e.Text, whole))
	case Condition:
		formatCondition(b, e)
	}
}

// formatList writes AND only where two searches without quotes would otherwise become one.
func formatList(b *strings.Builder, op string, of []Expr, whole bool) {
	if !whole {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	if len(of) == 1 {
		b.WriteString(op + " ")
	}
	wasBare := false
	for i, child := range of {
		search, isSearch := child.(SearchExpr)
		bare := isSearch && searchText(search.Text, true) == search.Text
		switch {
		case i == 0:
		case op == wordOr || bare && wasBare:
			b.WriteString(" " + op + " ")
		default:
			b.WriteByte(' ')
		}
		if isSearch {
			b.WriteString(searchText(search.Text, op == wordAnd))
		} else {
			format(b, child, false)
		}
		wasBare = bare
	}
}

// searchText returns s, in quotes if it needs them. Several words need them unless several is
// true, as in a list joined by AND.
func searchText(s string, several bool) string {
	for i, word := range strings.Split(s, " ") {
		if i > 0 && !several || !isPlainWord(word) {
			return quote(s)
		}
	}
	return s
}

func isPlainWord(s string) bool {
	return strings.TrimSpace(text.Fold(s)) != "" && s[0] != '-' && s != wordAnd && s != wordOr && s != wordNot &&
		!strings.ContainsAny(s, notPlain) && !strings.ContainsFunc(s, unicode.IsSpace)
}

// fieldName returns the name of a field, with that of the attribute: attr.city.
func fieldName(field, attr string) string {
	if attr == "" {
		return field
	}
	return field + "." + attr
}

func formatCondition(b *strings.Builder, c Condition) {
	f := fieldNamed(c.Field)
	name := fieldName(c.Field, c.Attr)
	if c.Op == OpExists {
		b.WriteString(wordHas + ":" + name)
		return
	}
	b.WriteString(name + ":")
	first := c.Values[0]
	switch c.Op {
	case OpContains, OpPrefix, OpSuffix:
		formatPattern(b, c.Op, first.Text)
		return
	case OpAll:
		b.WriteString(wordAll + "(")
		defer b.WriteByte(')')
	case OpAtLeast, OpLess:
		if first.Kind == AgoValue {
			b.WriteString(map[Op]string{OpAtLeast: "<", OpLess: ">"}[c.Op] + formatAge(first.Ago))
			return
		}
		fallthrough
	case OpAtMost, OpGreater:
		for _, compare := range comparisons {
			if compare.op == c.Op {
				b.WriteString(compare.sign)
			}
		}
	}
	separator := ","
	if c.Op == OpBetween {
		separator = ".."
	}
	for i, v := range c.Values {
		if i > 0 {
			b.WriteString(separator)
		}
		if v.Kind == PermissionValue && i > 0 && v.Permission.inherits(c.Values[i-1].Permission) {
			b.WriteString(v.Permission.State)
			continue
		}
		b.WriteString(formatValue(f, v))
	}
}

func formatPattern(b *strings.Builder, op Op, s string) {
	if op != OpPrefix {
		b.WriteByte('*')
	}
	b.WriteString(plainOrQuoted(s, ""))
	if op != OpSuffix {
		b.WriteByte('*')
	}
}

func formatValue(f *Field, v Value) string {
	switch v.Kind {
	case NumberValue:
		return strconv.FormatFloat(v.Number, 'g', -1, 64)
	case BoolValue:
		return strconv.FormatBool(v.Bool)
	case AgoValue:
		return formatAge(v.Ago) + agoSuffix
	case IdentityValue:
		return formatIdentity(v.Identity)
	case PermissionValue:
		return v.Permission.String()
	case IDValue:
		if f.Kind != IDKind && f.Kind != JobKind {
			return "#" + v.Text
		}
	case TextValue:
		if f.Kind == AttrKind {
			if typed, age := unquoted(v.Text); age || typed.Kind != TextValue {
				return quote(v.Text)
			}
		}
		return plainOrQuoted(v.Text, "#")
	}
	return plainValue(v)
}

func formatIdentity(i IdentityRef) string {
	s := plainOrQuoted(string(i.Source), "/")
	if i.Account != "" {
		s += "/" + plainOrQuoted(i.Account, "/") + "/"
	} else if i.ExternalID != "" {
		s += "/"
	}
	if i.ExternalID != "" {
		s += plainOrQuoted(i.ExternalID, "/")
	}
	return s
}

// plainOrQuoted returns a value, in quotes if it needs them.
func plainOrQuoted(s, special string) string {
	if strings.ContainsAny(s, notPlainValue+special) || strings.ContainsAny(s[:1], "<>=!") ||
		strings.ContainsFunc(s, unicode.IsSpace) || strings.Contains(s, "..") {
		return quote(s)
	}
	return s
}
