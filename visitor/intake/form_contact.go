package intake

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// maxKept is the maximum number of attributes of KeepAnswers, so that one submission does not
// exceed visitor.MaxAttributes.
const maxKept = 50

// values returns the values of a field: of the first answer with that name that is not blank, of
// the input, or at the path.
func (s *submission) values(name string) []string {
	if name == "" {
		return nil
	}
	var values []string
	for i := range s.answers {
		if a := &s.answers[i]; slices.Contains(a.names, name) {
			a.used = true
			if firstOf(values) == "" {
				values = a.values
			}
		}
	}
	if len(values) == 0 {
		values = s.flat[name]
	}
	if len(values) > 0 {
		return values
	}
	if name == formName && s.form != "" {
		return []string{s.form}
	}
	p := s.paths[name]
	if p == nil {
		p = path{{name: name}}
	}
	p.find(s.root, func(node any) bool {
		if object, ok := node.(map[string]any); ok {
			values = append(values, compound(object).values...)
		} else {
			values = append(values, typedTexts(node)...)
		}
		return len(values) < maxFields
	})
	return values
}

// first returns the first value of a field that is not blank, trimmed, or "" if there is none or
// name is empty.
func (s *submission) first(name string) string { return firstOf(s.values(name)) }

func firstOf(values []string) string {
	for _, value := range values {
		if value = text.Trim(value); value != "" {
			return value
		}
	}
	return ""
}

// contact returns the contact of a submission. If several fields have the same target, the first
// one that is not empty is used, in the order of names; answers with usual labels are used where
// Fields has found nothing.
func (f Form) contact(s *submission) visitor.Contact {
	var c visitor.Contact
	found := map[string]string{}
	for _, field := range slices.Sorted(maps.Keys(f.Fields)) {
		values, target := s.values(field), f.Fields[field]
		name, isAttribute := strings.CutPrefix(target, "attributes.")
		switch {
		case target == "":
		case !isAttribute:
			found[target] = cmp.Or(found[target], firstOf(values))
		case c.Attributes[name].Kind() == "":
			c.Attributes = withAttribute(c.Attributes, name, values)
		}
	}
	mapped := found[toName] != ""
	s.byLabel(found)
	given, family := found[toFirstName], found[toLastName]
	c.Name = found[toName]
	switch {
	case c.Name == "":
		c.Name = text.Trim(given + " " + family)
	case !mapped && given != "" && family != "":
	case !mapped && given != "" && !strings.Contains(c.Name, given): // the question for the name is for the last one
		c.Name = given + " " + c.Name
	case !mapped && family != "" && !strings.Contains(c.Name, family):
		c.Name += " " + family
	}
	c.Username, c.Email, c.Phone = found[toUsername], found[toEmail], found[toPhone]
	if f.KeepAnswers {
		c.Attributes = f.keep(s, c.Attributes)
	}
	return c
}

func withAttribute(a visitor.Attributes, name string, values []string) visitor.Attributes {
	value, ok := attribute(values)
	if !ok {
		return a
	}
	return a.Merge(visitor.Attributes{name: value}, nil)
}

// byLabel fills the fields that were not found with unused answers, of several the clearest.
func (s *submission) byLabel(found map[string]string) {
	type best struct{ rank, at int }
	chosen := map[string]best{}
	named := found[toName] != "" || found[toFirstName] != "" || found[toLastName] != ""
	for i := range s.answers {
		a := &s.answers[i]
		field := a.field()
		isName := field == toName || field == toFirstName || field == toLastName
		if field == "" || a.used || found[field] != "" || isName && named || firstOf(a.values) == "" {
			continue
		}
		if rank := a.rank(field); rank > chosen[field].rank {
			chosen[field] = best{rank, i}
		}
	}
	for field, b := range chosen {
		found[field] = firstOf(s.answers[b.at].values)
		s.answers[b.at].used = true
	}
}

// keep adds the answers that were not used as attributes.
func (f Form) keep(s *submission, a visitor.Attributes) visitor.Attributes {
	for _, name := range f.settingFields() {
		s.values(name) // now used
	}
	for i, n := 0, 0; i < len(s.answers) && n < maxKept; i++ {
		if isTechnical(s.answers[i].names[0]) {
			continue
		}
		name := attributeName(s.answers[i].names[0])
		if _, taken := a[name]; taken || name == "" || s.answers[i].used {
			continue
		}
		a = withAttribute(a, name, s.answers[i].values)
		n++
	}
	return a
}

// isTechnical reports whether a field is not a question: one of a form plugin, or a captcha.
func isTechnical(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, "cf-turnstile") || strings.Contains(name, "captcha")
}

// attributeName returns a label as the name of an attribute, "" if it has no ASCII letter.
func attributeName(label string) string {
	if len(label) > maxLabel {
		label = cut(label, maxLabel)
	}
	words := strings.FieldsFunc(text.Fold(label), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	name := strings.TrimLeft(strings.Join(words, "_"), "0123456789_")
	return strings.TrimRight(name[:min(len(name), visitor.MaxAttributeName)], "_")
}

// seen returns names of fields in the body, for an error. Names that can be personal data, such as
// an e-mail address, are left out.
func (s *submission) seen() string {
	const most = 20
	var names []string
	if s.known {
		for _, a := range s.answers {
			names = append(names, a.names[len(a.names)-1])
		}
	}
	if len(names) == 0 {
		names = namesIn(s.root, "", 4)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		return len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r == '@' || r < ' ' || r == 0x7F }) ||
			longNumber(name) || cleanText(name, 64) != name
	})
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > most {
		names, more = names[:most], ", …"
	}
	return "; the body has the fields " + strings.Join(names, ", ") + more
}

// namesIn returns the paths of the values in a tree, down to a depth.
func namesIn(node any, prefix string, depth int) []string {
	switch node := node.(type) {
	case map[string]any:
		if depth == 0 {
			return []string{prefix}
		}
		var all []string
		for _, name := range slices.Sorted(maps.Keys(node)) {
			all = append(all, namesIn(node[name], strings.TrimPrefix(prefix+"."+name, "."), depth-1)...)
			if len(all) > 100 {
				break
			}
		}
		return all
	case []any:
		if len(node) > 0 {
			return namesIn(node[0], prefix+"[]", depth)
		}
	}
	if prefix == "" || node == nil {
		return nil
	}
	return []string{prefix}
}

// longNumber reports whether a text has five digits in a row.
func longNumber(s string) bool {
	n := 0
	for _, r := range s {
		if n++; r < '0' || r > '9' {
			n = 0
		}
		if n == 5 {
			return true
		}
	}
	return false
}
