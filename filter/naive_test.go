package filter_test

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// naive is a second implementation of Match: it evaluates an expression as LANGUAGE.md describes
// it, without binding it, and compares days by their local date.
type naive struct {
	env    *filter.Env
	groups []filtergen.Group
	tags   map[string]string // folded name to id
}

func newNaive(g *filtergen.Generator) *naive {
	n := &naive{env: g.Env(), groups: g.Groups(), tags: map[string]string{}}
	for _, t := range g.Tags() {
		n.tags[text.Fold(t.Name)] = string(t.ID)
	}
	return n
}

func (n *naive) match(e filter.Expr, v visitor.Visitor) bool {
	switch e := e.(type) {
	case filter.ConstExpr:
		return e.Everyone
	case filter.AndExpr:
		for _, child := range e.Of {
			if !n.match(child, v) {
				return false
			}
		}
		return true
	case filter.OrExpr:
		for _, child := range e.Of {
			if n.match(child, v) {
				return true
			}
		}
		return false
	case filter.NotExpr:
		return !n.match(e.Of, v)
	case filter.SearchExpr:
		return n.search(e.Text, v)
	case filter.Condition:
		return n.condition(e, v)
	}
	panic("not an expression")
}

var (
	phoneWord = regexp.MustCompile(`^[-+.()/\p{Pd}\p{Nd}]*\p{Nd}[-+.()/\p{Pd}\p{Nd}]*$`)
	noDigit   = regexp.MustCompile(`\P{Nd}`)
)

// search finds consecutive phone words by the digits of all of them, or each word by itself.
func (n *naive) search(s string, v visitor.Visitor) bool {
	words := strings.Fields(text.Fold(s))
	alone := func(word string) bool {
		digits := asciiDigits(word)
		return strings.Contains(text.Fold(v.Name), word) || strings.Contains(text.Fold(v.Email), word) ||
			len(digits) >= 3 && strings.Contains(v.Phone, digits)
	}
	for i := 0; i < len(words); {
		end := i
		for end < len(words) && phoneWord.MatchString(words[end]) {
			end++
		}
		digits := asciiDigits(strings.Join(words[i:end], ""))
		end = max(end, i+1)
		apart := !slices.ContainsFunc(words[i:end], func(word string) bool { return !alone(word) })
		if !apart && (len(digits) < 3 || !strings.Contains(v.Phone, digits)) {
			return false
		}
		i = end
	}
	return true
}

// asciiDigits returns the digits of a part of a phone number, "" for any other text.
func asciiDigits(s string) string {
	s = strings.NewReplacer("\u0661", "1", "\u0662", "2", "\u0663", "3").Replace(text.Fold(s)) // those that filtergen uses
	if strings.Trim(s, "0123456789+-.()/ ") != "" {
		return ""
	}
	return noDigit.ReplaceAllString(s, "")
}

func (n *naive) condition(c filter.Condition, v visitor.Visitor) bool {
	switch c.Field {
	case "tag", "group":
		return n.members(c, v)
	case "source":
		return slices.ContainsFunc(c.Values, func(want filter.Value) bool {
			s, _ := n.env.Sources.Parse(want.Text)
			return s == v.Source
		})
	case "id":
		return slices.ContainsFunc(c.Values, func(want filter.Value) bool { return strings.EqualFold(want.Text, string(v.ID)) })
	case "job":
		return slices.ContainsFunc(c.Values, func(want filter.Value) bool { return slices.Contains(n.env.Jobs[strings.ToLower(want.Text)], v.ID) })
	case "name":
		return compareText(c.Op, text.Fold(v.Name), c.Values, text.Fold)
	case "email":
		return compareText(c.Op, text.Fold(v.Email), c.Values, text.Fold)
	case "phone":
		return compareText(c.Op, strings.TrimPrefix(v.Phone, "+"), c.Values, asciiDigits)
	case "created":
		return n.time(c, v.CreatedAt)
	case "updated":
		return n.time(c, v.UpdatedAt)
	case "seen":
		return n.time(c, v.LastSeenAt)
	case "identity":
		return n.identity(c, v)
	case "inbox":
		return slices.ContainsFunc(v.Identities, func(i visitor.Identity) bool {
			return c.Op == filter.OpExists && len(i.Inboxes) > 0 || slices.ContainsFunc(c.Values, func(want filter.Value) bool {
				return slices.Contains(i.Inboxes, want.Text)
			})
		})
	case "can", "consent", "health":
		return slices.ContainsFunc(c.Values, func(want filter.Value) bool { return n.permission(c.Field, want.Permission, v) })
	case "attr":
		value, ok := v.Attributes[c.Attr]
		return ok && n.attribute(c, value)
	}
	panic("not a field: " + c.Field)
}

// compareText compares folded text; an empty text matches nothing.
func compareText(op filter.Op, has string, values []filter.Value, fold func(string) string) bool {
	if has == "" || op == filter.OpExists {
		return has != ""
	}
	for _, want := range values {
		if want.Kind != filter.TextValue {
			continue
		}
		s := fold(want.Text)
		if op == filter.OpIn && strings.TrimSpace(s) == has ||
			op == filter.OpContains && strings.Contains(has, s) ||
			op == filter.OpPrefix && strings.HasPrefix(has, s) ||
			op == filter.OpSuffix && strings.HasSuffix(has, s) {
			return true
		}
	}
	return false
}

func (n *naive) members(c filter.Condition, v visitor.Visitor) bool {
	if c.Op == filter.OpExists {
		return c.Field == "tag" && len(v.Tags) > 0 || c.Field == "group" && len(v.Memberships) > 0
	}
	has := 0
	for _, want := range c.Values {
		if c.Field == "tag" && n.tagged(want, v) || c.Field == "group" && n.isMember(want, v) {
			has++
		}
	}
	return has > 0 && (c.Op == filter.OpIn || has == len(c.Values))
}

func (n *naive) tagged(want filter.Value, v visitor.Visitor) bool {
	id := want.Text
	if want.Kind == filter.TextValue {
		id = n.tags[text.Fold(strings.TrimSpace(want.Text))]
	}
	for _, a := range v.Tags {
		if strings.EqualFold(string(a.Tag), id) {
			return true
		}
	}
	return false
}

func (n *naive) isMember(want filter.Value, v visitor.Visitor) bool {
	for _, g := range n.groups {
		if want.Kind == filter.TextValue && text.Fold(g.Name) != text.Fold(strings.TrimSpace(want.Text)) ||
			want.Kind == filter.IDValue && !strings.EqualFold(string(g.ID), want.Text) {
			continue
		}
		return v.MemberOf(g.ID) || g.Rule != nil && n.match(g.Rule, v) && !slices.Contains(v.Excluded, g.ID)
	}
	return false
}

func (n *naive) identity(c filter.Condition, v visitor.Visitor) bool {
	for _, i := range v.Identities {
		if c.Op == filter.OpExists {
			return true
		}
		for _, want := range c.Values {
			ref := want.Identity
			if ref.Account == "" {
				ref.Account = i.Account
			}
			if ref.ExternalID == "" {
				ref.ExternalID = i.ExternalID
			}
			if ref == (filter.IdentityRef{Source: i.Source, Account: i.Account, ExternalID: i.ExternalID}) {
				return true
			}
		}
	}
	return false
}

func (n *naive) permission(field string, want filter.PermissionRef, v visitor.Visitor) bool {
	switch field {
	case "can":
		r := consent.Request{Channel: want.Channel, Topic: want.Topic, Purpose: consent.Marketing}
		return consent.Decide(r, v.Facts(n.env.Topics[want.Topic], n.env.KeyMissing), n.env.Now).Allowed
	case "consent":
		return slices.ContainsFunc(v.Consents, func(s consent.Status) bool {
			return s.Entry.Subject.Channel == want.Channel && s.Entry.Topic == want.Topic && string(s.State(n.env.Now)) == want.State
		})
	}
	return slices.ContainsFunc(v.Health, func(h consent.Health) bool {
		return h.Report.Subject.Channel == want.Channel && string(h.Report.State) == want.State
	})
}

func (n *naive) attribute(c filter.Condition, value visitor.Value) bool {
	if c.Op == filter.OpExists {
		return true
	}
	switch value.Kind() {
	case visitor.TextKind:
		return compareText(c.Op, text.Fold(value.Text()), c.Values, text.Fold)
	case visitor.ListKind:
		return slices.ContainsFunc(value.List(), func(item string) bool {
			return compareText(c.Op, text.Fold(item), c.Values, text.Fold)
		})
	case visitor.TimeKind:
		return n.time(c, value.Time())
	case visitor.BoolKind:
		return c.Op == filter.OpIn && slices.ContainsFunc(c.Values, func(want filter.Value) bool {
			return want.Kind == filter.BoolValue && want.Bool == value.Bool()
		})
	}
	return ordered(c, filter.NumberValue, func(want filter.Value) int {
		switch {
		case want.Kind != filter.NumberValue:
			return 2
		case value.Number() < want.Number:
			return -1
		case value.Number() > want.Number:
			return 1
		}
		return 0
	})
}

// ordered evaluates an operator on values in an order. compare returns -1, 0 or 1, and 2 for values
// of another kind.
func ordered(c filter.Condition, kind filter.ValueKind, compare func(filter.Value) int) bool {
	first := compare(c.Values[0])
	switch c.Op {
	case filter.OpIn:
		return slices.ContainsFunc(c.Values, func(v filter.Value) bool { return compare(v) == 0 })
	case filter.OpLess:
		return first == -1
	case filter.OpAtMost:
		return first == -1 || first == 0
	case filter.OpGreater:
		return first == 1
	case filter.OpAtLeast:
		return first == 1 || first == 0
	case filter.OpBetween:
		second := compare(c.Values[1])
		return (first == 1 || first == 0) && (second == -1 || second == 0)
	}
	return false
}

func (n *naive) time(c filter.Condition, at time.Time) bool {
	if at.IsZero() || c.Op == filter.OpExists {
		return !at.IsZero()
	}
	local := at.In(n.env.Zone).Format(time.DateOnly)
	return ordered(c, filter.TimeValue, func(want filter.Value) int {
		switch want.Kind {
		case filter.TimeValue:
			return at.Compare(want.Time)
		case filter.AgoValue:
			return at.Compare(time.UnixMicro(n.env.Now.Add(-want.Ago).UnixMicro()))
		case filter.DateValue:
			return strings.Compare(local, want.Text)
		case filter.PeriodValue:
			first, last := n.period(filter.Period(want.Text))
			switch {
			case local < first:
				return -1
			case local > last:
				return 1
			}
			return 0
		}
		return 2
	})
}

// period returns the first and the last day of a period.
func (n *naive) period(p filter.Period) (first, last string) {
	y, m, d := n.env.Now.In(n.env.Zone).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	week, start := today, time.Monday
	if n.env.WeekStart != nil {
		start = *n.env.WeekStart
	}
	for week.Weekday() != start {
		week = week.AddDate(0, 0, -1)
	}
	month, year := today.AddDate(0, 0, 1-d), time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
	from, to := today, today
	switch p {
	case filter.Yesterday:
		from, to = today.AddDate(0, 0, -1), today.AddDate(0, 0, -1)
	case filter.ThisWeek:
		from, to = week, week.AddDate(0, 0, 6)
	case filter.LastWeek:
		from, to = week.AddDate(0, 0, -7), week.AddDate(0, 0, -1)
	case filter.ThisMonth:
		from, to = month, month.AddDate(0, 1, -1)
	case filter.LastMonth:
		from, to = month.AddDate(0, -1, 0), month.AddDate(0, 0, -1)
	case filter.ThisYear:
		from, to = year, year.AddDate(1, 0, -1)
	case filter.LastYear:
		from, to = year.AddDate(-1, 0, 0), year.AddDate(0, 0, -1)
	}
	return from.Format(time.DateOnly), to.Format(time.DateOnly)
}
