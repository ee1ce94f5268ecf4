package filter

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// saw returns the values of v that a leaf tests.
func saw(n bound.Node, v *visitor.Visitor) []string {
	switch n := n.(type) {
	case bound.Terms:
		return present(v.Name, v.Email, v.Phone)
	case *bound.Permission:
		return sawPermission(n, v)
	case *bound.Test:
		return sawField(n, v)
	}
	return nil
}

// sawField returns the values of the field that t tests.
func sawField(t *bound.Test, v *visitor.Visitor) (texts []string) {
	switch t.Field.Kind {
	case TimeKind:
		if at := t.Field.Time(v); !at.IsZero() {
			texts = append(texts, at.UTC().Format(time.RFC3339Nano))
		}
	case TagKind:
		for _, tag := range v.Tags {
			texts = append(texts, tag.Name)
		}
	case GroupKind:
		groups := v.Groups()
		if t.Op == bound.OpExcluded {
			groups = v.Excluded
		}
		for _, id := range groups {
			texts = append(texts, string(id))
		}
	case IdentityKind:
		for _, i := range v.Identities {
			ref := IdentityRef{Source: i.Source, Account: i.Account, ExternalID: i.ExternalID}
			texts = append(texts, formatIdentity(ref))
		}
	case InboxKind:
		for _, i := range v.Identities {
			texts = append(texts, i.Inboxes...)
		}
	case AttrKind:
		if value, ok := v.Attributes[t.Attr]; ok {
			if value.Kind() == visitor.ListKind {
				return value.List()
			}
			texts = append(texts, value.String())
		}
	default:
		return present(t.Field.Text(v))
	}
	return texts
}

func present(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// windows returns the intervals of time that n selects.
func windows(n bound.Node) []Window {
	var all []Window
	if t, ok := n.(*bound.Test); ok {
		for _, r := range t.Times {
			all = append(all, windowOf(r))
		}
	}
	for _, child := range nodesOf(n) {
		all = append(all, windows(child)...)
	}
	return all
}

func windowOf(r bound.Range[int64]) Window {
	var w Window
	if r.Min != math.MinInt64 {
		w.From = time.UnixMicro(r.Min).UTC()
	}
	if r.Max != math.MaxInt64 {
		w.Until = time.UnixMicro(r.Max + 1).UTC()
	}
	return w
}

// String returns "[from, until)" in RFC 3339, with … for an open end.
func (w Window) String() string {
	from, until := "…", "…"
	if !w.From.IsZero() {
		from = w.From.Format(time.RFC3339Nano)
	}
	if !w.Until.IsZero() {
		until = w.Until.Format(time.RFC3339Nano)
	}
	return "[" + from + ", " + until + ")"
}

// describe returns a text for a bound leaf, which has no text form.
func describe(n bound.Node) string {
	switch n := n.(type) {
	case bound.Constant:
		return wordIs + ":" + constantWord(bool(n))
	case bound.Terms:
		words := make([]string, len(n))
		for i, t := range n {
			words[i] = t.Text
		}
		return "search " + strings.Join(words, " ")
	case *bound.Permission:
		about := PermissionRef{Channel: n.Channel, Topic: n.Topic.Key, State: strings.Join(n.States, ",")}
		return n.Field.Name + " " + about.String()
	case *bound.Test:
		operands := slices.Clone(n.Texts)
		for _, r := range n.Numbers {
			operands = append(operands, fmt.Sprintf("[%v, %v]", r.Min, r.Max))
		}
		for _, r := range n.Times {
			operands = append(operands, windowOf(r).String())
		}
		for _, ref := range n.Refs {
			operands = append(operands, formatIdentity(ref))
		}
		name := fieldName(n.Field.Name, n.Attr)
		return strings.TrimSpace(name + " " + string(n.Op) + " " + strings.Join(operands, ","))
	}
	return ""
}

// String returns a line for each node; the nodes below it are indented.
func (x Explanation) String() string {
	var b strings.Builder
	x.Root.write(&b, "")
	return strings.TrimSuffix(b.String(), "\n")
}

func (v Verdict) write(b *strings.Builder, indent string) {
	mark := "✗"
	if v.Matches {
		mark = "✓"
	}
	fmt.Fprintf(b, "%s%s %s", indent, mark, v.Text)
	switch {
	case len(v.Actual) > 0:
		b.WriteString(" — saw " + strings.Join(v.Actual, ", "))
	case v.Constant:
		b.WriteString(" — for every visitor")
	case len(v.Children) == 0 && !v.Matches:
		b.WriteString(" — saw nothing")
	}
	for _, w := range v.Windows {
		b.WriteString(" in " + w.String())
	}
	if v.Change {
		b.WriteString(" ← would have to change")
	}
	b.WriteByte('\n')
	for _, child := range v.Children {
		child.write(b, indent+"  ")
	}
}
