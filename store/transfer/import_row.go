package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// draft returns the draft of a row; missing cells at the end are empty. If several columns
// have one role, the first that is not empty fills it, and the others become attributes.
func (l layout) draft(cells []string) (visitor.Draft, error) {
	for _, extra := range cells[min(len(l), len(cells)):] {
		if text.Trim(extra) != "" {
			return visitor.Draft{}, text.Refuse("row", fmt.Sprintf(
				"%d cells where the header has %d: is a separator not in quotes?", len(cells), len(l)))
		}
	}
	b := builder{parts: map[role]part{}}
	for i, cell := range cells[:min(len(l), len(cells))] {
		if text.Trim(cell) == "" {
			continue
		}
		if err := b.add(l[i], unescape(cell)); err != nil {
			return visitor.Draft{}, err
		}
	}
	return b.finish()
}

// builder builds a draft from cells.
type builder struct {
	d     visitor.Draft
	parts map[role]part // of the name
}

type part struct {
	column column
	text   string
}

func (b *builder) add(c column, cell string) error {
	switch c.role {
	case roleFirst, roleMiddle, roleLast:
		if _, taken := b.parts[c.role]; !taken {
			b.parts[c.role] = part{c, cell}
			return nil
		}
	case roleName:
		return b.fill(&b.d.Name, c, cell)
	case roleEmail:
		return b.fill(&b.d.Email, c, splitValues(cell)...)
	case rolePhone:
		return b.fill(&b.d.Phone, c, splitValues(cell)...)
	case roleSource:
		return b.fill((*string)(&b.d.Source), c, cell)
	case roleTags:
		b.d.Tags = append(b.d.Tags, tagNames(c, cell)...)
		return nil
	case roleCreated:
		if b.d.CreatedAt.IsZero() {
			t, err := readTime("created_at", cell)
			b.d.CreatedAt = t
			return err
		}
	case roleIdentities:
		if json.Unmarshal([]byte(cell), &b.d.Identities) != nil {
			return text.Refuse("identities", "not a JSON list of identities")
		}
		return nil
	case roleAttributes:
		return b.addAll(cell)
	}
	return b.keep(c, cell)
}

// fill sets a field, if it is empty, to the first of the values. Other values that differ
// from the field become an attribute.
func (b *builder) fill(field *string, c column, values ...string) error {
	if *field == "" {
		*field, values = values[0], values[1:]
	}
	values = slices.DeleteFunc(values, func(v string) bool { return text.Trim(v) == text.Trim(*field) })
	if len(values) == 0 {
		return nil
	}
	return b.keep(c, strings.Join(values, valueSeparator))
}

// keep adds a cell as the attribute of its column.
func (b *builder) keep(c column, cell string) error {
	v, err := readValue(c.kind, cell)
	if err != nil {
		return text.Refuse("attribute "+c.attr, err.Error())
	}
	return b.set(c.attr, v)
}

func (b *builder) set(name string, v visitor.Value) error {
	if _, taken := b.d.Attributes[name]; taken {
		return text.Refuse("attribute "+name, "twice in the row")
	}
	if b.d.Attributes == nil {
		b.d.Attributes = visitor.Attributes{}
	}
	b.d.Attributes[name] = v
	return nil
}

// addAll adds the attributes of a JSON object.
func (b *builder) addAll(cell string) error {
	var all visitor.Attributes
	if json.Unmarshal([]byte(cell), &all) != nil {
		return text.Refuse("attributes", "not a JSON object of texts, numbers, bools and lists of texts")
	}
	for name, v := range all {
		if err := b.set(name, v); err != nil {
			return err
		}
	}
	return nil
}

// finish sets the name: the full name, or else its parts. A part that the full name does not
// contain becomes an attribute.
func (b *builder) finish() (visitor.Draft, error) {
	var parts []string
	whole := text.Fold(b.d.Name)
	for _, r := range []role{roleFirst, roleMiddle, roleLast} {
		p, ok := b.parts[r]
		switch {
		case !ok:
		case whole == "":
			parts = append(parts, p.text)
		case !strings.Contains(whole, text.Fold(text.Trim(p.text))):
			if err := b.keep(p.column, p.text); err != nil {
				return visitor.Draft{}, err
			}
		}
	}
	if whole == "" {
		b.d.Name = strings.Join(parts, " ")
	}
	return b.d, nil
}

// valueSeparator separates the values of one cell in Google's exports.
const valueSeparator = " ::: "

func splitValues(cell string) []string { return strings.Split(cell, valueSeparator) }

// tagNames splits a cell of tags. Google's labels have their own separator, and system labels
// such as "* myContacts", which are left out.
func tagNames(c column, cell string) []string {
	key := headerKey(c.header)
	if key != "labels" && key != "groupmembership" {
		return splitList(cell)
	}
	names := splitList(strings.ReplaceAll(cell, valueSeparator, ";"))
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "* ") })
}

// timeLayouts are the unambiguous formats of a time; without a zone it is UTC. With dots, the
// day is first in every country. With slashes, day and month are ambiguous, so such a time is
// refused.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly,
	"2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700",
	"2.1.2006", "2.1.2006 15:04", "2.1.2006 15:04:05",
}

func readTime(field, cell string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text.Trim(cell)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, text.Refuse(field, "want a time like 2026-01-31, 2026-01-31 14:05 or 2026-01-31T14:05:00Z")
}

// readValue parses an attribute's value of that kind. Its error says which form is expected.
func readValue(kind visitor.Kind, cell string) (visitor.Value, error) {
	trimmed := text.Trim(cell)
	switch kind {
	case visitor.NumberKind:
		n, err := strconv.ParseFloat(trimmed, 64)
		if err != nil {
			return visitor.Value{}, errors.New("want a number like 12.5")
		}
		return visitor.Number(n), nil
	case visitor.BoolKind:
		if trimmed != "true" && trimmed != "false" {
			return visitor.Value{}, errors.New("want true or false")
		}
		return visitor.Bool(trimmed == "true"), nil
	case visitor.TimeKind:
		t, err := readTime("time", cell)
		if err != nil {
			return visitor.Value{}, errors.New("want a time like 2026-01-31T14:05:00Z")
		}
		return visitor.Time(t), nil
	case visitor.ListKind:
		return visitor.List(splitList(cell)...), nil
	}
	return visitor.Text(cell), nil
}

// writeValue is the inverse of readValue.
func writeValue(v visitor.Value) string {
	switch v.Kind() {
	case visitor.NumberKind:
		return strconv.FormatFloat(v.Number(), 'g', -1, 64)
	case visitor.ListKind:
		return joinList(v.List())
	}
	return v.String()
}
